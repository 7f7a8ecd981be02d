/* Arguments that are text. */

/* Puts the text of a structured error in the place of the error. */
static void warren_astext (lua_State *L, int arg) {
  if (lua_type(L, arg) == LUA_TUSERDATA && luaL_testudata(L, arg, "error")) {
    luaL_tolstring(L, arg, NULL);
    lua_replace(L, arg);
  }
}

static const char *warren_checktext (lua_State *L, int arg, size_t *len) {
  const char *text = lua_tolstring(L, arg, len);
  if (l_unlikely(text == NULL)) {
    warren_astext(L, arg);
    return luaL_checklstring(L, arg, len);
  }
  return text;
}

static const char *warren_opttext (lua_State *L, int arg, const char *def,
                                   size_t *len) {
  if (lua_isnoneornil(L, arg))
    return luaL_optlstring(L, arg, def, len);
  return warren_checktext(L, arg, len);
}
