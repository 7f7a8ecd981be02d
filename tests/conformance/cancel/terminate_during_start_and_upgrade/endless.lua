-- Upgrades to itself again and again; says so once, after `left` upgrades.
return function(parent, left)
  if left == 0 then
    process.send(parent, "ready")
  elseif left == -1 then
    process.upgrade("app:slow", parent)
  end
  process.upgrade(nil, parent, left - 1)
end
