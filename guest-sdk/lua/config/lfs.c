/* The module lfs, as LuaFileSystem 1.8 has it, over what was granted. A process has no
** directory that it is in: relative paths begin at ".", as everywhere, and stay so. */

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define LFS_DIR	"directory metatable"

typedef struct LfsDir {
  DIR *dir;  /* NULL once it is closed */
} LfsDir;

static int lfs_failure (lua_State *L, const char *what, const char *path) {
  int error = warren_error_number(errno);
  lua_pushnil(L);
  lua_pushfstring(L, "%s '%s': %s", what, path, strerror(errno));
  lua_pushinteger(L, error);
  return 3;
}

static int lfs_result (lua_State *L, int ok) {
  int error = warren_error_number(errno);
  if (ok) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  lua_pushinteger(L, error);
  return 3;
}

static void push_mode (lua_State *L, const struct stat *status) {
  mode_t mode = status->st_mode;
  lua_pushstring(L, S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" :
    S_ISLNK(mode) ? "link" : S_ISSOCK(mode) ? "socket" : S_ISCHR(mode) ? "char device" :
    S_ISBLK(mode) ? "block device" : S_ISFIFO(mode) ? "named pipe" : "other");
}

static void push_number (lua_State *L, lua_Integer n) {
  lua_pushinteger(L, n);
}

#define NUMBER(name, field) \
  static void push_##name (lua_State *L, const struct stat *s) { push_number(L, (lua_Integer)s->field); }
NUMBER(dev, st_dev)
NUMBER(ino, st_ino)
NUMBER(nlink, st_nlink)
NUMBER(access, st_atime)
NUMBER(modification, st_mtime)
NUMBER(change, st_ctime)
NUMBER(size, st_size)
#undef NUMBER

/* The attributes that the runtime knows of a file: no owner, permissions or blocks. */
static const struct {
  const char *name;
  void (*push) (lua_State *L, const struct stat *status);
} lfs_members[] = {
  {"mode", push_mode}, {"dev", push_dev}, {"ino", push_ino}, {"nlink", push_nlink},
  {"access", push_access}, {"modification", push_modification}, {"change", push_change},
  {"size", push_size}, {NULL, NULL}
};

static int lfs_push_attributes (lua_State *L, const struct stat *status) {
  int i;
  if (lua_isstring(L, 2)) {
    const char *wanted = lua_tostring(L, 2);
    for (i = 0; lfs_members[i].name != NULL; i++)
      if (strcmp(lfs_members[i].name, wanted) == 0) {
        lfs_members[i].push(L, status);
        return 1;
      }
    return luaL_error(L, "invalid attribute name '%s'", wanted);
  }
  lua_settop(L, 2);
  if (!lua_istable(L, 2)) lua_newtable(L);
  for (i = 0; lfs_members[i].name != NULL; i++) {
    lfs_members[i].push(L, status);
    lua_setfield(L, -2, lfs_members[i].name);
  }
  return 1;
}

static int lfs_attributes (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat status;
  if (!warren_is_path(path) || stat(path, &status) != 0)
    return lfs_failure(L, "cannot obtain information from file", path);
  return lfs_push_attributes(L, &status);
}

static int lfs_symlinkattributes (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat status;
  if (!warren_is_path(path) || lstat(path, &status) != 0)
    return lfs_failure(L, "cannot obtain information from file", path);
  return lfs_push_attributes(L, &status);
}

static int lfs_mkdir (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  return lfs_result(L, warren_is_path(path) && mkdir(path, 0777) == 0);
}

static int lfs_rmdir (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  return lfs_result(L, warren_is_path(path) && rmdir(path) == 0);
}

static int lfs_touch (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (lua_gettop(L) > 1) {
    times[0].tv_sec = (time_t)luaL_checknumber(L, 2);
    times[1].tv_sec = (time_t)luaL_optnumber(L, 3, (lua_Number)times[0].tv_sec);
    times[0].tv_nsec = times[1].tv_nsec = 0;
  }
  return lfs_result(L, warren_is_path(path) && utimensat(AT_FDCWD, path, times, 0) == 0);
}

static int lfs_currentdir (lua_State *L) {
  lua_pushliteral(L, ".");
  return 1;
}

static int lfs_chdir (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  if (strcmp(path, ".") == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushfstring(L, "Unable to change working directory to '%s'\n%s\n", path,
    "a process has none");
  return 2;
}

static int lfs_setmode (lua_State *L) {
  static const char *const modes[] = {"binary", "text", NULL};
  tofile(L);
  luaL_checkoption(L, 2, NULL, modes);
  lua_pushboolean(L, 1);
  lua_pushliteral(L, "binary");
  return 2;
}

/* Locks and links, which the runtime has not. */
static int lfs_unsupported (lua_State *L) {
  errno = ENOTSUP;
  return lfs_result(L, 0);
}

static int lfs_dir_close (lua_State *L) {
  LfsDir *d = (LfsDir *)luaL_checkudata(L, 1, LFS_DIR);
  if (d->dir != NULL) closedir(d->dir);
  d->dir = NULL;
  return 0;
}

static int lfs_dir_next (lua_State *L) {
  LfsDir *d = (LfsDir *)luaL_checkudata(L, 1, LFS_DIR);
  struct dirent *entry;
  luaL_argcheck(L, d->dir != NULL, 1, "closed directory");
  entry = readdir(d->dir);
  if (entry == NULL) {
    closedir(d->dir);
    d->dir = NULL;
    return 0;
  }
  lua_pushstring(L, entry->d_name);
  return 1;
}

static int lfs_dir (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  LfsDir *d;
  lua_pushcfunction(L, lfs_dir_next);
  d = (LfsDir *)lua_newuserdatauv(L, sizeof(LfsDir), 0);
  d->dir = NULL;
  luaL_setmetatable(L, LFS_DIR);
  d->dir = warren_is_path(path) ? opendir(path) : NULL;
  if (d->dir == NULL) return luaL_error(L, "cannot open %s: %s", path, strerror(errno));
  lua_pushnil(L);
  lua_pushvalue(L, -2);
  return 4;
}

static const luaL_Reg lfs_functions[] = {
  {"attributes", lfs_attributes}, {"chdir", lfs_chdir}, {"currentdir", lfs_currentdir},
  {"dir", lfs_dir}, {"link", lfs_unsupported}, {"lock", lfs_unsupported},
  {"lock_dir", lfs_unsupported}, {"mkdir", lfs_mkdir}, {"rmdir", lfs_rmdir},
  {"setmode", lfs_setmode}, {"symlinkattributes", lfs_symlinkattributes},
  {"touch", lfs_touch}, {"unlock", lfs_unsupported}, {NULL, NULL}
};

/* The loader of the module, which is made in processes that require it. */
LUA_API int warren_open_lfs (lua_State *L) {
  static const luaL_Reg methods[] = {{"next", lfs_dir_next}, {"close", lfs_dir_close}, {NULL, NULL}};
  if (luaL_newmetatable(L, LFS_DIR)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, lfs_dir_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, lfs_dir_close);
    lua_setfield(L, -2, "__close");
  }
  luaL_newlib(L, lfs_functions);
  lua_pushliteral(L, "LuaFileSystem 1.8.0");
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
