-- Moves amounts from an account to the next one, each in a transaction, and tells of each that was
-- acknowledged. Every fifth transaction is undone.

local function move(db, round, writer, n)
  local tx, err = db:begin()
  if not tx then
    return nil, err
  end
  for account, amount in pairs { [writer] = -n, [writer % 8 + 1] = n } do
    for _, statement in ipairs {
      { "INSERT INTO entries VALUES ($1, $2, $3, $4, $5)", { round, writer, n, account, amount } },
      { "UPDATE accounts SET balance = balance + $1 WHERE id = $2", { amount, account } },
    } do
      local done
      done, err = tx:execute(table.unpack(statement))
      if not done then
        tx:rollback()
        return nil, err
      end
    end
  end
  if n % 5 == 0 then
    return tx:rollback()
  end
  return tx:commit()
end

return function(writer, round)
  local db = assert(sql.get("accounts"))
  for n = 1, math.huge do
    local done, err
    repeat
      -- Other writers may have the database for too long.
      done, err = move(db, math.tointeger(round), writer, n)
    until done or not err:retryable()
    assert(done, err)
    print("acked", writer, n)
  end
end
