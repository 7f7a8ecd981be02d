return function(policy, actor, scope)
  return { types = type(policy) .. " " .. type(actor) .. " " .. type(scope), policy = policy, actor = actor, scope = scope }
end
