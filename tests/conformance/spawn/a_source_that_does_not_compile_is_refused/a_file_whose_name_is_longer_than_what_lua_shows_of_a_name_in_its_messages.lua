
return = 1
