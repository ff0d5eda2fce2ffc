// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "plugin.hpp"

#include <stdexcept>

#include <dlfcn.h>

plugin::plugin(const std::string& file) : library_{::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)} {
  void* const found = library_ ? ::dlsym(library_.get(), "transform") : nullptr;
  if (found == nullptr) throw std::runtime_error{::dlerror()};
  transform_ = reinterpret_cast<decltype(transform_)>(found);
}

std::string plugin::transform(const std::string& text) { return transform_(text.c_str()); }

void plugin::unload::operator()(void* library) const noexcept { ::dlclose(library); }
