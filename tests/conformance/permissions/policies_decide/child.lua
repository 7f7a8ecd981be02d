-- A child of a guest: it can do no more than the guest.
return function(main)
  local sent, err = process.terminate(main)
  return { denied = errors.is(err, errors.PERMISSION_DENIED), sent = sent, policies = security.scope():policies() }
end
