process.groups.join("forever")
process.inbox():receive()
