-- A queue of jobs. A job that is taken out of the middle leaves a hole behind.

local queue = {}
queue.__index = queue

function queue.new()
  return setmetatable({ jobs = {}, first = 1, last = 0, count = 0 }, queue)
end

function queue:push(job)
  self.last, self.count = self.last + 1, self.count + 1
  self.jobs[self.last], job.place = job, self.last
end

function queue:push_first(job)
  self.first, self.count = self.first - 1, self.count + 1
  self.jobs[self.first], job.place = job, self.first
end

function queue:remove(job)
  if job.place and self.jobs[job.place] == job then
    self.jobs[job.place] = false
    self.count = self.count - 1
  end
end

function queue:pop()
  while self.first <= self.last do
    local job = self.jobs[self.first]
    self.jobs[self.first] = nil
    self.first = self.first + 1
    if job then
      job.place, self.count = nil, self.count - 1
      return job
    end
  end
end

return queue
