// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "stage.hpp"

#include <isolatte/this_worker.hpp>

#include <utility>

#include <unistd.h>

namespace service {

void tell(progress& to, std::string text) {
  to.try_post({std::move(text), isolatte::this_worker::slot(), isolatte::this_worker::generation(),
               static_cast<int>(::getpid())});
}

}  // namespace service
