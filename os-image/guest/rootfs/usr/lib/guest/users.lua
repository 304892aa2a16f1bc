-- Users and groups: the three files, edited. Loaded by cloud-config.
local users = {}

local function lines(path)
    local all = {}
    for line in io.lines(path) do all[#all + 1] = line end
    return all
end

local function save(path, all)
    local out = assert(io.open(path, "w"))
    out:write(table.concat(all, "\n"), "\n")
    out:close()
end

local function append(path, line)
    local out = assert(io.open(path, "a"))
    out:write(line, "\n")
    out:close()
end

local function find(path, name)
    for index, line in ipairs(lines(path)) do
        if line:sub(1, #name + 1) == name .. ":" then return index end
    end
end

local function add(name, user)
    local id = 999
    for _, line in ipairs(lines("/etc/passwd")) do
        local used = tonumber(line:match("^[^:]*:[^:]*:(%d+)"))
        if used and used > id and used < 60000 then id = used end
    end
    id = id + 1
    local home = user.homedir or "/home/" .. name
    append("/etc/passwd", table.concat({ name, "x", id, id, tostring(user.gecos or ""):gsub("[:\n]", " "), home,
        user.shell or "/bin/sh" }, ":"))
    append("/etc/shadow", name .. ":*:19700:0:99999:7:::")
    append("/etc/group", name .. ":x:" .. id .. ":")
    os.execute(("mkdir -p '%s' && chown %d:%d '%s' && chmod 0750 '%s'"):format(home, id, id, home, home))
end

local function join_group(name, group)
    local index, all = find("/etc/group", group), lines("/etc/group")
    if not index then return end
    local members = all[index]:match("[^:]*$")
    if ("," .. members .. ","):find("," .. name .. ",", 1, true) then return end
    all[index] = all[index] .. (members == "" and "" or ",") .. name
    save("/etc/group", all)
end

local function words(value)
    local found = {}
    for _, item in ipairs(type(value) == "table" and value or { value or "" }) do
        for word in tostring(item):gmatch("[^,%s]+") do found[#found + 1] = word end
    end
    return found
end

local function allow_sudo(name, rules)
    local path = "/etc/sudoers.d/90-" .. name:gsub("%.", "_")
    local out = assert(io.open(path, "w"))
    for _, rule in ipairs(type(rules) == "table" and rules or { rules }) do
        if type(rule) == "string" then out:write(name, " ", rule, "\n") end
    end
    out:close()
    os.execute("chmod 0440 '" .. path .. "'")
end

--- Makes the user of a cloud-config entry, or completes an existing one; returns its name. "default" is guest.
function users.ensure(user)
    local name = tostring(user.name or "default"):gsub("[^%w_.-]", "")
    if name == "default" or name == "" then name = "guest" end
    if not find("/etc/passwd", name) then add(name, user) end
    for _, group in ipairs(words(user.groups)) do join_group(name, group) end
    if user.primary_group then join_group(name, tostring(user.primary_group)) end
    if user.sudo then allow_sudo(name, user.sudo) end
    return name
end

return users
