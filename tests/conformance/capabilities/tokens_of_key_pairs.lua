-- RS256: a private key signs, and its public key verifies.
-- shows: Z-12
local private = {
  [[
-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAt6wgJvI8fJihQmVp9mzxVi9lnf181/2hEf3QbR+Bzcn2dA/4
M8lOhSdmSrnt+cymp4UahC/9VrpPpsQF+a4BfviYEkgmEu5aIi2dUB46gOe0CCPu
CvIZk/EXtb6Ogq4liEpusblcf71FTLoKjEqyPYVKktPKYLJglVSNaliheVpDFpAx
ofzEfHPYa+FATTGfC6Jdeyf7RCBxNs3CNUp8x32ssN5z70MGHvirfH35hKDPETBS
86qN2sztp36Ye43VLtlLItlSM+Hw+b/fAOVzjrEe83E38m4wwkR5wvw2AnBdH3YC
5HoLDY1k1FVWN8kntuyXapVPZvEuNVF7o3YqxwIDAQABAoIBACW8OtTVksDEeOkT
vdvvkPu0fCuj7zjO9n8kRuSMgxYdBsHcoBE/rB6mNBlpLq/SMHEdYw/CbkmZuJCa
GGIuMkd8Wn3zDcN47dK0zWuu8jUWpYHApADisYeYEld4IX5Oug5QwIJKA2uJHso/
NLiTBiCmmGYnFh6ct0Qm3XD6aZ5tKFREcR1XV4ujs/0gAgUKjjTxjkpzrcFl75uo
s7NtvOVrlpesImq4qReV5cTLsC/AVvhIrqVY09BJu7qBAc4m1GdwIfLU9fKrmy43
Ip69LIthTiXhbBvmZyE79K5Bjij8D8F8yJd62yk0ZyEa0IdhtZu3jNC6GsYUxd4V
EAWbTx0CgYEA33PIzfZQu+Y6KURm7NVCD5E68ZIDiP/yRNNnG1CatLW2N15zHv3Q
rcyDFWkc1nJ0d1smS36nSFMOul8g7qnjszTauo5JqrkFXOVN9YD/HTlfVKk2DEP+
64DdX3OyFn1RI6ilzQibGBdEnoOkNrRZmhGf++t9VMutbs9DoYh7vxMCgYEA0m0B
S6lOQ4cAL8LaECSGRX+s0unMhFigCrlaSWKVBiwaVeXoceSj1GytqvBSAzTXxM4b
UDDLdyu/dHHxVzRldPQZhI4nz0MWCdcLzl7ZgfKu4IqFqeIfBCl5Kq0E2dsTSg1P
RcIZjciOkJzqeSCVNWrekbzPrqCPEYcjUzvV9/0CgYEAj5f1S73lBcqeR5SoW7tz
t1NJwKFnWiu4AVik4p26vTQkg5JTgm/zISzSc/jXSkvE4kqV4l/imgyd41BsdlKA
e9IUWVxEpMw/UQIeRgz+ZEZRJ7ORgvJTJ/3oxIUxxVgEw1iGK6tDF4kkVIUeCvV8
uxBmcdpT8SDuM85HlM+DTjcCgYBRCLVVA9Al5RlHS0xapxYmMXLGjk66ML8BIjwI
wrQM+nLx3WXUZm5I4clHaODMZ08odQ7DpObV77z9BNwh7wWbMl2ZVH00LeuQwoXD
ZXdxuZlq0y2CLJgxLB+DNboGg308KT/75zGcDj4IpsUM/GU5evxXN1TrNN2jrF0I
MqTFqQKBgAhogY97D3/n1tLh3F1YDzaA2EudhbJXglN+yn1ywNprn5STnApmrGVi
FVjM6Bt3rxjb5W9ifNXhR3k3tLkuotQSZ9aLsoBkLLhNFTLj60FsIV4Uf9GYi5UU
YF1bb7W1PatgBsXqWyb2MWaC5CgD2y5b36abNYu0OiMsIkt5g12d
-----END RSA PRIVATE KEY-----
]],
  [[
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC3rCAm8jx8mKFC
ZWn2bPFWL2Wd/XzX/aER/dBtH4HNyfZ0D/gzyU6FJ2ZKue35zKanhRqEL/1Wuk+m
xAX5rgF++JgSSCYS7loiLZ1QHjqA57QII+4K8hmT8Re1vo6CriWISm6xuVx/vUVM
ugqMSrI9hUqS08pgsmCVVI1qWKF5WkMWkDGh/MR8c9hr4UBNMZ8Lol17J/tEIHE2
zcI1SnzHfayw3nPvQwYe+Kt8ffmEoM8RMFLzqo3azO2nfph7jdUu2Usi2VIz4fD5
v98A5XOOsR7zcTfybjDCRHnC/DYCcF0fdgLkegsNjWTUVVY3ySe27JdqlU9m8S41
UXujdirHAgMBAAECggEAJbw61NWSwMR46RO92++Q+7R8K6PvOM72fyRG5IyDFh0G
wdygET+sHqY0GWkur9IwcR1jD8JuSZm4kJoYYi4yR3xaffMNw3jt0rTNa67yNRal
gcCkAOKxh5gSV3ghfk66DlDAgkoDa4keyj80uJMGIKaYZicWHpy3RCbdcPppnm0o
VERxHVdXi6Oz/SACBQqONPGOSnOtwWXvm6izs2285WuWl6wiaripF5XlxMuwL8BW
+EiupVjT0Em7uoEBzibUZ3Ah8tT18qubLjcinr0si2FOJeFsG+ZnITv0rkGOKPwP
wXzIl3rbKTRnIRrQh2G1m7eM0LoaxhTF3hUQBZtPHQKBgQDfc8jN9lC75jopRGbs
1UIPkTrxkgOI//JE02cbUJq0tbY3XnMe/dCtzIMVaRzWcnR3WyZLfqdIUw66XyDu
qeOzNNq6jkmquQVc5U31gP8dOV9UqTYMQ/7rgN1fc7IWfVEjqKXNCJsYF0Seg6Q2
tFmaEZ/7631Uy61uz0OhiHu/EwKBgQDSbQFLqU5DhwAvwtoQJIZFf6zS6cyEWKAK
uVpJYpUGLBpV5ehx5KPUbK2q8FIDNNfEzhtQMMt3K790cfFXNGV09BmEjifPQxYJ
1wvOXtmB8q7gioWp4h8EKXkqrQTZ2xNKDU9FwhmNyI6QnOp5IJU1at6RvM+uoI8R
hyNTO9X3/QKBgQCPl/VLveUFyp5HlKhbu3O3U0nAoWdaK7gBWKTinbq9NCSDklOC
b/MhLNJz+NdKS8TiSpXiX+KaDJ3jUGx2UoB70hRZXESkzD9RAh5GDP5kRlEns5GC
8lMn/ejEhTHFWATDWIYrq0MXiSRUhR4K9Xy7EGZx2lPxIO4zzkeUz4NONwKBgFEI
tVUD0CXlGUdLTFqnFiYxcsaOTrowvwEiPAjCtAz6cvHdZdRmbkjhyUdo4MxnTyh1
DsOk5tXvvP0E3CHvBZsyXZlUfTQt65DChcNld3G5mWrTLYIsmDEsH4M1ugaDfTwp
P/vnMZwOPgimxQz8ZTl6/Fc3VOs03aOsXQgypMWpAoGACGiBj3sPf+fW0uHcXVgP
NoDYS52FsleCU37KfXLA2muflJOcCmasZWIVWMzoG3evGNvlb2J81eFHeTe0uS6i
1BJn1ouygGQsuE0VMuPrQWwhXhR/0ZiLlRRgXVtvtbU9q2AGxepbJvYxZoLkKAPb
Llvfpps1i7Q6IywiS3mDXZ0=
-----END PRIVATE KEY-----
]],
}
local public = {
  [[
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAt6wgJvI8fJihQmVp9mzxVi9lnf181/2hEf3QbR+Bzcn2dA/4M8lO
hSdmSrnt+cymp4UahC/9VrpPpsQF+a4BfviYEkgmEu5aIi2dUB46gOe0CCPuCvIZ
k/EXtb6Ogq4liEpusblcf71FTLoKjEqyPYVKktPKYLJglVSNaliheVpDFpAxofzE
fHPYa+FATTGfC6Jdeyf7RCBxNs3CNUp8x32ssN5z70MGHvirfH35hKDPETBS86qN
2sztp36Ye43VLtlLItlSM+Hw+b/fAOVzjrEe83E38m4wwkR5wvw2AnBdH3YC5HoL
DY1k1FVWN8kntuyXapVPZvEuNVF7o3YqxwIDAQAB
-----END RSA PUBLIC KEY-----
]],
  [[
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAt6wgJvI8fJihQmVp9mzx
Vi9lnf181/2hEf3QbR+Bzcn2dA/4M8lOhSdmSrnt+cymp4UahC/9VrpPpsQF+a4B
fviYEkgmEu5aIi2dUB46gOe0CCPuCvIZk/EXtb6Ogq4liEpusblcf71FTLoKjEqy
PYVKktPKYLJglVSNaliheVpDFpAxofzEfHPYa+FATTGfC6Jdeyf7RCBxNs3CNUp8
x32ssN5z70MGHvirfH35hKDPETBS86qN2sztp36Ye43VLtlLItlSM+Hw+b/fAOVz
jrEe83E38m4wwkR5wvw2AnBdH3YC5HoLDY1k1FVWN8kntuyXapVPZvEuNVF7o3Yq
xwIDAQAB
-----END PUBLIC KEY-----
]],
}
-- OpenSSL has signed this one.
local signed = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsImV4cCI6MTA5OTUxMTYyNzc3Nn0"
  .. ".Y7euhrX_fEZ8_vFk5-zi2JURy6sWatYfN7Uo_5P4NL9qnwyK9bXGh_uMtLuiwrKpwQJ1pk7vv1Q1xyN5FM2PK_Zl0m5Ysjy99lF"
  .. "1zHyNR3rtUQ6FXolAYTCU6YVHXgScwEMrI_SAOAOq-olB2aRNSMFMfgGhkZpXvDfDyLPKBqIml_YGkmW9j16T7rrsVEUAVhvQH0Q"
  .. "v0s0-lEbzD66T2xuLzKcFAKrfzDjUbwPPzk4vqcF-rWLmrbZ9Zor2NF3m42X6oO3Zk0wqfH0B1KjKOABonp728OoxQtCKjs0ptd0"
  .. "t3ZmtF1eIvKPuT0wnFxrW2nPykhP48ErW2NvnvkFd9g"

local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
end
for _, key in ipairs(private) do
  assert(crypto.jwt.verify(crypto.jwt.encode({ exp = 2 ^ 40 }, key, "RS256"), public[1], "RS256"))
end
for _, key in ipairs { public[1], public[2], private[1] } do
  assert(crypto.jwt.verify(signed, key, "RS256").sub == "me")
end
local header = crypto.jwt.encode({ exp = 1 << 40, _header = { kid = "k1" } }, private[2], "RS256"):match("^[^.]+")
assert(header ~= signed:match("^[^.]+"))
is(errors.INTERNAL, crypto.jwt.verify(signed:sub(1, -3) .. "AA", public[2], "RS256"))
is(errors.INTERNAL, crypto.jwt.verify(signed, public[2], "HS256"))
-- The public key is no secret of another algorithm.
is(errors.INTERNAL, crypto.jwt.verify(crypto.jwt.encode({ exp = 1 << 40 }, public[2]), public[2], "RS256"))
is(errors.INTERNAL, crypto.jwt.verify(crypto.jwt.encode({ exp = 1 }, private[1], "RS256"), public[1], "RS256"))
for _, key in ipairs { "secret", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", private[1]:sub(1, 500) } do
  is(errors.INVALID, crypto.jwt.verify(signed, key, "RS256"))
  is(errors.INVALID, crypto.jwt.encode({}, key, "RS256"))
end
is(errors.INVALID, crypto.jwt.encode({}, public[1], "RS256"))
