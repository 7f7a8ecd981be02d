-- Reads the files, one after the other as if they were one, and deals their
-- text to the workers. It holds one chunk at a time, however large a file is.

local send = require("lib.send")

-- Bytes read at once.
local CHUNK <const> = 64 * 1024
-- A longer run of letters goes in pieces: no message holds more than a MiB.
local LONG <const> = 4 * CHUNK

return function(files, workers, reducer)
  local turn = 0

  -- Gives a text to the next worker that has room for it.
  local function deal(text)
    for _ = 1, #workers do
      turn = turn % #workers + 1
      if send.try(workers[turn], "text", text) then
        return
      end
    end
    -- All are busy: this is what keeps a fast disk from filling the memory.
    send.wait(workers[turn], "text", text)
  end

  -- The letters the last chunk ended with: the beginning of a word, or all of
  -- it. While a long word is under way, `open` says so and its pieces are sent.
  local rest, open = "", false

  local function take(chunk)
    local text = rest .. chunk
    if open then
      local stop = text:find("%A") or #text + 1
      local letters, others = text:sub(1, stop - 1), text:sub(stop)
      if letters ~= "" then
        send.wait(reducer, "piece", letters)
      end
      rest = ""
      if others == "" then
        return
      end
      send.wait(reducer, "piece", false) -- the end of the word
      open, text = false, others
    end
    -- Cut after the last byte that is no letter.
    local _, last = text:find("^.*%A")
    local cut = (last or 0) + 1
    if cut > 1 then
      deal(text:sub(1, cut - 1))
    end
    rest = text:sub(cut)
    if #rest > LONG then
      open = true
      send.wait(reducer, "piece", rest)
      rest = ""
    end
  end

  local first = true
  for _, name in ipairs(files) do
    local file, reason = io.open(name, "rb")
    if not file then
      return nil, errors.new { kind = errors.NOT_FOUND, message = reason .. " (is it granted with --read?)" }
    end
    for chunk in file:lines(CHUNK) do
      if first and string.find(chunk, "^%A") then
        -- `tr` makes an empty line of what comes before the first word.
        send.wait(reducer, "counts", { [""] = 1 })
      end
      first = false
      take(chunk)
    end
    file:close()
  end
  if open or rest ~= "" then
    take("\n") -- ends the last word, wherever it is
  end

  for _, worker in ipairs(workers) do
    send.wait(worker, "end")
  end
end
