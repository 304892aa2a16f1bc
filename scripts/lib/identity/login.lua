-- wrk: logs in at /v3/auth/tokens. Arguments: a request body, and "same" to send it again and again, or "each" to put a number that no other
-- request has in the place of @: from 1001 on, and from 6001 on in the second thread.
local thread_count = 0

function setup(thread)
  thread:set("number", 1000 + thread_count * 5000)
  thread_count = thread_count + 1
end

function init(args)
  body, each = args[1], args[2] == "each"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  same = wrk.format(nil, nil, nil, body)
end

function request()
  if not each then return same end
  number = number + 1
  return wrk.format(nil, nil, nil, (body:gsub("@", tostring(number))))
end
