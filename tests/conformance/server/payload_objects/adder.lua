return require("pool").worker(function(job)
  return job[1] + job[2]
end)
