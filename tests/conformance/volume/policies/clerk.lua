-- Returns the words that the clerk is told, by the name of each try.
return function()
  local v = assert(fs.get("files"))
  local function told(value, err)
    return tostring(err or value)
  end
  return {
    read_public = told(v:readfile("public.txt")),
    write_public = told(v:writefile("/public.txt", "x")),
    read_secret = told(v:readfile("secret.txt")),
    stat_secret = told(v:stat("open/.././secret.txt")),
    list = told(v:readdir("/")),
    remove_secret = told(v:remove("/./secret.txt")),
    make = told(v:mkdir("open/dir")),
    write_open = told(v:writefile("open//new.txt", "new")),
    read_open = told(v:readfile("open/new.txt")),
    both_public = told(v:open("public.txt", "rw")),
    exists_secret = told(v:exists("secret.txt")),
    can = told(security.can("fs.get", "files", { path = "/public.txt" })),
    cannot = told(security.can("fs.write", "files", { path = "/public.txt" })),
  }
end
