// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/call.hpp>

namespace soak {

namespace {

template <class R>
R perform_on(counter& object, const work& what) {
  ++object.calls;
  return perform<R>(what);
}

template <class R>
void launch_resident_with(const std::shared_ptr<job>& what) {
  auto& object =
      what->what.by == launcher::resident ? *what->in.resident : *what->in.served_resident;
  {
    allocations_may_fail const fail;
    object.async_call(isolatte::call(perform_on<R>, what->what.what), what->pool_options(),
                      what->handler<R>());
  }
  what->arm_cancellation();
}

}  // namespace

void launch_resident(const std::shared_ptr<job>& what) {
  with_value_type(what->what.kind,
                  [&]<class R>(std::type_identity<R>) { launch_resident_with<R>(what); });
}

}  // namespace soak
