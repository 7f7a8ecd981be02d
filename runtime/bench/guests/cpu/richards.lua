-- Objects and closures: Martin Richards' simulation of the kernel of an
-- operating system, six tasks that pass packets to each other.
local IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 1, 2, 3, 4, 5, 6
local TO_DEVICE, TO_WORKER = 1, 2
local BUFFER = 4

local function packet(link, id, kind)
    return { link = link, id = id, kind = kind, a1 = 0, a2 = { 0, 0, 0, 0 } }
end

-- At the end of a list.
local function append(item, list)
    item.link = nil
    if not list then return item end
    local last = list
    while last.link do last = last.link end
    last.link = item
    return list
end

local Scheduler = {}
Scheduler.__index = Scheduler

local Task = {}
Task.__index = Task

function Scheduler:add(id, priority, queue, waiting, run)
    local task = setmetatable({
        next = self.tasks,
        id = id,
        priority = priority,
        queue = queue,
        pending = queue ~= nil,
        waiting = waiting,
        held = false,
        run = run,
    }, Task)
    self.tasks = task
    self.table[id] = task
    return task
end

function Scheduler:schedule()
    local task = self.tasks
    while task do
        if task.held or (task.waiting and not task.pending) then
            task = task.next
        else
            self.current = task
            task = task:take_packet_and_run(self)
        end
    end
end

function Scheduler:hold()
    self.holds = self.holds + 1
    self.current.held = true
    return self.current.next
end

function Scheduler:wait()
    self.current.waiting = true
    return self.current
end

function Scheduler:release(id)
    local task = self.table[id]
    task.held = false
    if task.priority > self.current.priority then return task end
    return self.current
end

function Scheduler:queue(item)
    local task = self.table[item.id]
    self.queued = self.queued + 1
    item.id = self.current.id
    return task:add_packet(item, self.current)
end

function Task:take_packet_and_run(scheduler)
    local item
    if self.waiting and self.pending then
        item = self.queue
        self.queue = item.link
        self.waiting = false
        self.pending = self.queue ~= nil
    end
    return self.run(scheduler, item)
end

function Task:add_packet(item, current)
    if self.queue then
        append(item, self.queue)
        return current
    end
    item.link = nil
    self.queue = item
    self.pending = true
    if self.priority > current.priority then return self end
    return current
end

local function idle(count)
    local control = 1
    return function(scheduler)
        count = count - 1
        if count == 0 then return scheduler:hold() end
        if control & 1 == 0 then
            control = control // 2
            return scheduler:release(DEVICE_A)
        end
        control = (control // 2) ~ 0xd008
        return scheduler:release(DEVICE_B)
    end
end

local function worker()
    local destination, letter = HANDLER_A, 0
    return function(scheduler, item)
        if not item then return scheduler:wait() end
        destination = destination == HANDLER_A and HANDLER_B or HANDLER_A
        item.id = destination
        item.a1 = 0
        for i = 1, BUFFER do
            letter = letter + 1
            if letter > 26 then letter = 1 end
            item.a2[i] = 64 + letter
        end
        return scheduler:queue(item)
    end
end

local function handler()
    local work, device
    return function(scheduler, item)
        if item then
            if item.kind == TO_WORKER then
                work = append(item, work)
            else
                device = append(item, device)
            end
        end
        if work then
            local done = work.a1
            if done >= BUFFER then
                local finished = work
                work = work.link
                return scheduler:queue(finished)
            end
            if device then
                local next = device
                device = device.link
                next.a1 = work.a2[done + 1]
                work.a1 = done + 1
                return scheduler:queue(next)
            end
        end
        return scheduler:wait()
    end
end

local function device()
    local kept
    return function(scheduler, item)
        if item then
            kept = item
            return scheduler:hold()
        end
        if not kept then return scheduler:wait() end
        local out = kept
        kept = nil
        return scheduler:queue(out)
    end
end

local function simulate()
    local scheduler = setmetatable({ table = {}, queued = 0, holds = 0 }, Scheduler)
    scheduler:add(IDLE, 0, nil, false, idle(10000))
    local queue = packet(nil, WORKER, TO_WORKER)
    queue = packet(queue, WORKER, TO_WORKER)
    scheduler:add(WORKER, 1000, queue, true, worker())
    for id, from in pairs({ [HANDLER_A] = DEVICE_A, [HANDLER_B] = DEVICE_B }) do
        local list
        for _ = 1, 3 do list = packet(list, from, TO_DEVICE) end
        scheduler.table[id] = list
    end
    local of_a, of_b = scheduler.table[HANDLER_A], scheduler.table[HANDLER_B]
    scheduler:add(HANDLER_A, 2000, of_a, true, handler())
    scheduler:add(HANDLER_B, 3000, of_b, true, handler())
    scheduler:add(DEVICE_A, 4000, nil, true, device())
    scheduler:add(DEVICE_B, 5000, nil, true, device())
    scheduler:schedule()
    assert(scheduler.queued == 23246 and scheduler.holds == 9297)
    return scheduler.queued
end

return function(count)
    local result = 0
    for _ = 1, count do result = result + simulate() end
    return result
end
