local function said(value, err)
  return tostring(value == nil and err or value)
end

return function()
  return {
    info_open = said(queue.info("open").message_count),
    publish_open = said(queue.publish("open", "from the clerk")),
    publish_closed = said(queue.publish("closed", "from the clerk")),
    info_closed = said(queue.info("closed")),
    can = said(security.can("queue.publish", "app:open")),
    can_other = said(security.can("queue.publish.queue", "open")),
    cannot = said(security.can("queue.publish", "closed")),
  }
end
