// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "archive/exported_classes.hpp"

#include <isolatte/detail/archive/output_archive.hpp>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/basic_archive.hpp>
#include <boost/core/demangle.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace isolatte::inline v0_1::detail {

using boost::archive::archive_exception;

output_archive::output_archive(byte_buffer& out, function_form functions)
    : out_{out}, begin_{out.size()}, functions_{functions} {}
output_archive::~output_archive() = default;

void output_archive::finish() {
  std::size_t const size = out_.size() - begin_;
  std::size_t const excess = footprint_ > memory_slack ? footprint_ - memory_slack : 0;
  std::size_t const wanted = excess / memory_factor + (excess % memory_factor != 0);
  if (wanted <= size) return save_byte(0);
  std::uint64_t const padding = wanted - size;
  std::memset(out_.extend(padding), 0, padding);
  save_binary(&padding, sizeof padding);
  save_byte(1);
}

void output_archive::save_large_size(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) save_byte(static_cast<unsigned char>(value | 0x80));
  save_byte(static_cast<unsigned char>(value));
}

void output_archive::charge(std::size_t count, std::size_t cost) noexcept {
  std::size_t total;
  if (__builtin_mul_overflow(count, cost, &total) ||
      __builtin_add_overflow(footprint_, total, &footprint_))
    footprint_ = SIZE_MAX;
}

std::size_t output_archive::object_hash::operator()(const object_key& key) const noexcept {
  return std::hash<const void*>()(key.address);
}

unsigned int output_archive::boost_library_version() {
  return boost::archive::BOOST_ARCHIVE_VERSION();
}

bool output_archive::save_tracking(const object_class& parts) {
  bool const tracking = parts.is_tracked();
  if (parts.tracking == bs::track_selectively && !tracked_.find(&parts)) {
    tracked_.add(&parts, tracking);
    save_byte(tracking);
  }
  return tracking;
}

void output_archive::save_object(const void* object, const object_class& parts) {
  if (!save_tracking(parts)) return parts.save(*this, object);
  auto const [place, is_new] = objects_.try_emplace(
      {object, parts.type}, object_record{static_cast<std::uint32_t>(objects_.size()), false});
  if (is_new) {
    charge(1, record_cost);
    save_size(0);
    parts.save(*this, object);
  } else {
    if (place->second.by_pointer) throw archive_exception(archive_exception::pointer_conflict);
    save_size(place->second.id + std::uint64_t{1});
  }
}

void output_archive::register_class(const heap_class& objects) {
  if (!objects.is_polymorphic() || class_indices_.find(&objects)) return;
  class_indices_.add(&objects, static_cast<std::uint32_t>(classes_.size()));
  classes_.push_back(&objects);
}

bool output_archive::save_simple_pointer(const void* object, const heap_class& objects) {
  if (!object) {
    save_size(pointer_tag::null);
    return false;
  }
  charge(1, objects.cost);
  auto const [place, is_new] = objects_.try_emplace(
      {object, objects.type}, object_record{static_cast<std::uint32_t>(objects_.size()), true});
  save_size(is_new ? pointer_tag::made : pointer_tag::alias);
  if (is_new)
    objects.save(*this, object);
  else
    save_size(place->second.id);
  return is_new;
}

bool output_archive::save_object_pointer(const void* whole, const std::type_info& type,
                                         const pointer_target& target) {
  if (target.exact) register_class(*target.exact);
  if (!whole) {
    save_size(pointer_tag::null);
    return false;
  }
  charge(1, target.cost);
  bool const is_exact = target.exact && type == *target.type;
  const heap_class& objects = is_exact ? *target.exact : find_class(type);
  object_key const key{whole, &type};
  bool const tracking = objects.parts->is_tracked();
  if (tracking) {
    if (auto const known = objects_.find(key); known != objects_.end()) {
      save_size(pointer_tag::alias);
      save_size(known->second.id);
      return false;
    }
  }

  if (is_exact) {
    save_size(pointer_tag::made);
  } else if (auto const* const index = class_indices_.find(&objects)) {
    save_size(pointer_tag::derived + *index);
  } else {
    save_size(pointer_tag::derived + classes_.size());
    auto const [name, ordinal] = exported_classes().find(type).key;
    save_size(name.size());
    save_binary(name.data(), name.size());
    save_size(ordinal);
    register_class(objects);
  }

  save_tracking(*objects.parts);
  if (tracking)
    objects_.try_emplace(key, object_record{static_cast<std::uint32_t>(objects_.size()), true});
  objects.save(*this, whole);
  return tracking;
}

const heap_class& output_archive::find_class(const std::type_info& type) {
  auto const has_type = [&](const heap_class* known) { return *known->type == type; };
  auto const known = std::find_if(classes_.begin(), classes_.end(), has_type);
  if (known != classes_.end()) return **known;
  if (auto const* const exported = exported_classes().find(type).item) return *exported;
  throw archive_exception(archive_exception::unregistered_class,
                          boost::core::demangle(type.name()).c_str());
}

}  // namespace isolatte::inline v0_1::detail
