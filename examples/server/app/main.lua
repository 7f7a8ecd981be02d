-- There is nothing to do but to have the rooms, which are services of the manifest:
-- they go on when this has returned. The server starts them without it.

return function() end
