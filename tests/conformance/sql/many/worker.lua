return function(changes)
  local db = assert(sql.get("db"))
  for _ = 1, changes do
    assert(db:execute("UPDATE counts SET n = n + 1 WHERE id = 1"))
    assert(db:transaction(function(tx)
      assert(tx:execute("UPDATE counts SET n = n + 1 WHERE id = $1", { 2 }))
      assert(tx:execute("UPDATE counts SET n = n - 1 WHERE id = $1", { 3 }))
      return true
    end))
  end
end
