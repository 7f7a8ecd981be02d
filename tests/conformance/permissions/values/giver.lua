return function()
  return security.named_scope("app:readers"):policies()
end
