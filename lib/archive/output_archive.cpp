// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/output_archive.hpp>

#include <boost/archive/archive_exception.hpp>
#include <boost/core/demangle.hpp>

#include <cstring>
#include <functional>
#include <string>

namespace isolatte::detail {

using boost::archive::archive_exception;

namespace {

/// Lends a variable a value.
template <class T>
class lent_value {
 public:
  lent_value(T& variable, T value) : variable_{variable}, saved_{std::exchange(variable, value)} {}
  lent_value(const lent_value&) = delete;
  lent_value& operator=(const lent_value&) = delete;
  ~lent_value() { variable_ = saved_; }

 private:
  T& variable_;
  T saved_;
};

}  // namespace

output_archive::output_archive(byte_buffer& out) : out_{out}, begin_{out.size()} {}
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
  std::hash<const void*> const hash;
  return hash(key.address) * 31 + hash(key.type);
}

bool output_archive::save_tracking(const boost::archive::detail::basic_oserializer& serializer) {
  bool const tracking = serializer.tracking(0);
  if (serializer.class_info() && !tracked_.find(&serializer)) {
    tracked_.add(&serializer, tracking);
    save_byte(tracking);
  }
  return tracking;
}

void output_archive::save_object(const void* object,
                                 const boost::archive::detail::basic_oserializer& serializer) {
  if (object == pending_object_ && &serializer == pending_serializer_)
    return serializer.save_object_data(*this, object);
  if (!save_tracking(serializer)) return serializer.save_object_data(*this, object);
  auto const [place, is_new] =
      objects_.try_emplace({object, &serializer.get_eti()},
                           object_record{static_cast<std::uint32_t>(objects_.size()), false});
  if (is_new) {
    charge(1, record_cost);
    save_size(0);
    serializer.save_object_data(*this, object);
  } else {
    if (place->second.by_pointer) throw archive_exception(archive_exception::pointer_conflict);
    save_size(place->second.id + std::uint64_t{1});
  }
}

void output_archive::register_class(const boost_pointer_class& serializer) {
  if (serializer.get_basic_serializer().is_polymorphic() && !classes_.find(&serializer))
    classes_.add(&serializer, class_count_++);
}

bool output_archive::begin_simple_object(const void* object, const void* type, std::size_t cost) {
  charge(1, cost);
  auto const [place, is_new] = objects_.try_emplace(
      {object, type}, object_record{static_cast<std::uint32_t>(objects_.size()), true});
  save_size(is_new ? pointer_tag::made : pointer_tag::alias);
  if (!is_new) save_size(place->second.id);
  return is_new;
}

void output_archive::save_object_pointer(const void* object, const boost_pointer_class& serializer,
                                         bool static_class) {
  auto const& objects_of = serializer.get_basic_serializer();
  object_key const key{object, &objects_of.get_eti()};
  bool const tracking = objects_of.tracking(0);
  if (tracking) {
    if (auto const known = objects_.find(key); known != objects_.end()) {
      save_size(pointer_tag::alias);
      return save_size(known->second.id);
    }
  }

  if (static_class) {
    save_size(pointer_tag::made);
  } else if (auto const* const index = classes_.find(&serializer)) {
    save_size(pointer_tag::derived + *index);
  } else {
    const char* const name = objects_of.get_eti().get_key();
    if (!name)
      throw archive_exception(archive_exception::unregistered_class, objects_of.get_debug_info());
    save_size(pointer_tag::derived + class_count_);
    std::size_t const length = std::strlen(name);
    save_size(length);
    save_binary(name, length);
    classes_.add(&serializer, class_count_++);
  }

  save_tracking(objects_of);
  if (tracking)
    objects_.try_emplace(key, object_record{static_cast<std::uint32_t>(objects_.size()), true});
  lent_value const pending_object{pending_object_, object};
  lent_value const pending_serializer{pending_serializer_, &objects_of};
  serializer.save_object_ptr(*this, object);
}

void output_archive::throw_unregistered_class(const std::type_info& type) {
  throw archive_exception(archive_exception::unregistered_class,
                          boost::core::demangle(type.name()).c_str());
}

void output_archive::throw_unregistered_cast(const std::type_info& derived,
                                             const std::type_info& base) {
  throw archive_exception(archive_exception::unregistered_cast,
                          boost::core::demangle(derived.name()).c_str(),
                          boost::core::demangle(base.name()).c_str());
}

}  // namespace isolatte::detail
