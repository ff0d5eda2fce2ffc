// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "handle.hpp"
#include "job.hpp"

#include <isolatte/call.hpp>

namespace soak {

namespace {

template <class R>
void launch_server_with(const std::shared_ptr<job>& what) {
  auto opts = what->options();
  auto const deed = isolatte::call(perform<R>, what->what.what);
  auto& in = what->in;
  if (what->what.by == launcher::server_spawn) {
    run_by_handle<R>(what, [&] { return in.server->spawn_child(deed, std::move(opts)); });
    return;
  }
  auto& server = what->what.by == launcher::loaded_server  ? *in.loaded_server
                 : what->what.by == launcher::boxed_server ? *in.boxed_server
                 : what->what.by == launcher::quiet_server ? *in.quiet_server
                                                           : *in.server;
  {
    allocations_may_fail const fail;
    server.async_fork(deed, std::move(opts), what->handler<R>());
  }
  what->arm_cancellation();
}

}  // namespace

void launch_server(const std::shared_ptr<job>& what) {
  with_value_type(what->what.kind,
                  [&]<class R>(std::type_identity<R>) { launch_server_with<R>(what); });
}

}  // namespace soak
