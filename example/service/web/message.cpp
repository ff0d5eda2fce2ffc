// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "message.hpp"

#include "../jobs/json.hpp"

namespace service {

response refusal(unsigned status, std::string_view why) {
  response made;
  made.status = status;
  made.body = object_json("error", why);
  return made;
}

}  // namespace service
