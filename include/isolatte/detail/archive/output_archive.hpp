// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_OUTPUT_ARCHIVE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_OUTPUT_ARCHIVE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/bookkeeping.hpp>
#include <isolatte/detail/archive/carry/adaptor.hpp>
#include <isolatte/detail/archive/carry/error_code.hpp>
#include <isolatte/detail/archive/carry/keyed.hpp>
#include <isolatte/detail/archive/carry/path.hpp>
#include <isolatte/detail/archive/carry/plain.hpp>
#include <isolatte/detail/archive/carry/pointer.hpp>
#include <isolatte/detail/archive/carry/product.hpp>
#include <isolatte/detail/archive/carry/sequence.hpp>
#include <isolatte/detail/archive/carry/sum.hpp>
#include <isolatte/detail/archive/carry/time.hpp>
#include <isolatte/detail/archive/helper_store.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/pointer_map.hpp>
#include <isolatte/detail/archive/pointer_tag.hpp>
#include <isolatte/detail/archive/stack_guard.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/archive/type_token.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/archive/detail/common_oarchive.hpp>
#include <boost/archive/detail/register_archive.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isolatte::detail {

/// Saves values to a byte_buffer, for an input_archive of the same program.
///
/// Understands what any archive of Boost.Serialization understands. Of Boost it uses the
/// templates that take classes apart, and the registries of exported classes. Which objects and
/// classes have been met is its own business: the other side has to check every word of it.
class ISOLATTE_DECL output_archive final
    : public boost::archive::detail::common_oarchive<output_archive> {
 public:
  explicit output_archive(byte_buffer& out);
  ~output_archive() override;

  /// Has to be called when all has been saved.
  void finish();

  void save_binary(const void* data, std::size_t count) { out_.append(data, count); }
  template <class T>
  void save_array(const boost::serialization::array_wrapper<T>& array, unsigned int /*version*/) {
    save_elements(array.address(), array.count());
  }

  void save_byte(unsigned char value) { out_.push_back(static_cast<std::byte>(value)); }
  void save_size(std::uint64_t value) {
    if (value < 0x80)
      save_byte(static_cast<unsigned char>(value));
    else
      save_large_size(value);
  }
  /// Saves how many elements follow. @p cost is the memory that each of them takes.
  void save_count(std::size_t count, std::size_t cost) {
    charge(count, cost);
    save_size(count);
  }
  template <class T>
  void save_elements(const T* first, std::size_t count) {
    if constexpr (plain<T>)
      save_binary(first, count * sizeof(T));
    else
      for (; count != 0; --count) *this << *first++;
  }

  /// Saves what a pointer points to, or that it is null. Unlike with operator<<, that may be of any
  /// type that can travel.
  template <class T>
  void save_pointer(T* object);

  template <class T>
  const boost::archive::detail::basic_pointer_oserializer* register_type(const T* = nullptr) {
    auto const& serializer = boost::serialization::singleton<
        boost::archive::detail::pointer_oserializer<output_archive, T>>::get_const_instance();
    register_class(serializer);
    return &serializer;
  }
  template <class Helper>
  Helper& get_helper(void* const id = nullptr) {
    return helpers_.get<Helper>(id);
  }

  // What follows is called by Boost.Serialization.
  void save_object(const void* object, const boost::archive::detail::basic_oserializer& serializer);

 private:
  friend class boost::archive::detail::common_oarchive<output_archive>;
  friend class boost::archive::detail::interface_oarchive<output_archive>;
  friend class boost::archive::save_access;

  using boost_pointer_class = boost::archive::detail::basic_pointer_oserializer;

  template <class T>
  void save_override(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      save_byte(value ? 1 : 0);
    } else if constexpr (is_boost_count<T>) {
      save_count(value, item_cost_);
    } else if constexpr (is_boost_item_version<T>) {
      save_size(value);
    } else if constexpr (is_boost_bookkeeping<T>) {
      // The bookkeeping is done here; Boost's is never asked to.
    } else if constexpr (plain<T>) {
      save_binary(std::addressof(value), sizeof value);
    } else if constexpr (check_transportable<T>()) {
      stack_.check();
      if constexpr (carried<T>) {
        carrier<T>::save(*this, value);
      } else if constexpr (std::is_pointer_v<T>) {
        save_pointer(const_cast<std::remove_const_t<std::remove_pointer_t<T>>*>(value));
      } else if constexpr (std::is_array_v<T>) {
        save_elements(&value[0], std::extent_v<T>);
      } else if constexpr (is_nvp<T>) {
        *this << value.const_value();
      } else {
        auto const cost = std::exchange(item_cost_, item_cost_of<T>());
        boost::archive::save(*this, value);
        item_cost_ = cost;
      }
    }
  }

  void save_large_size(std::uint64_t value);
  void charge(std::size_t count, std::size_t cost) noexcept;
  void register_class(const boost_pointer_class& serializer);
  bool begin_simple_object(const void* object, const void* type, std::size_t cost);
  void save_object_pointer(const void* object, const boost_pointer_class& serializer,
                           bool static_class);
  bool save_tracking(const boost::archive::detail::basic_oserializer& serializer);
  [[noreturn]] static void throw_unregistered_class(const std::type_info& type);
  [[noreturn]] static void throw_unregistered_cast(const std::type_info& derived,
                                                   const std::type_info& base);

  struct object_key {
    const void* address;
    const void* type;
    bool operator==(const object_key&) const = default;
  };
  struct object_hash {
    std::size_t operator()(const object_key& key) const noexcept;
  };
  struct object_record {
    std::uint32_t id;
    bool by_pointer;
  };

  byte_buffer& out_;
  std::size_t begin_;
  std::size_t footprint_ = 0;
  std::size_t item_cost_ = unknown_item_cost;
  stack_guard stack_;
  const void* pending_object_ = nullptr;
  const boost::archive::detail::basic_oserializer* pending_serializer_ = nullptr;
  std::unordered_map<object_key, object_record, object_hash> objects_;
  pointer_map tracked_;
  pointer_map classes_;
  std::uint32_t class_count_ = 0;
  helper_store helpers_;
};

template <class T>
void output_archive::save_pointer(T* object) {
  if constexpr (!left_to_boost<T>) {
    if (!object)
      save_size(pointer_tag::null);
    else if (begin_simple_object(object, &type_token<T>, heap_cost<T>))
      save_item(*this, *object);
  } else {
    namespace bs = boost::serialization;
    boost_pointer_class const* static_class = nullptr;
    if constexpr (!std::is_abstract_v<T>) static_class = register_type<T>();
    if (!object) return save_size(pointer_tag::null);
    charge(1, heap_cost<T>);
    if constexpr (std::is_polymorphic_v<T>) {
      auto const& type = bs::type_info_implementation<T>::type::get_const_instance();
      auto const* const true_type = type.get_derived_extended_type_info(*object);
      if (!true_type) throw_unregistered_class(typeid(*object));
      if (*true_type != type) {
        auto const* const derived = bs::void_downcast(*true_type, type, object);
        if (!derived) throw_unregistered_cast(typeid(*object), typeid(T));
        auto const* const found =
            boost::archive::detail::archive_serializer_map<output_archive>::find(*true_type);
        if (!found) throw_unregistered_class(typeid(*object));
        return save_object_pointer(derived, static_cast<boost_pointer_class const&>(*found), false);
      }
    }
    if constexpr (!std::is_abstract_v<T>) save_object_pointer(object, *static_class, true);
  }
}

}  // namespace isolatte::detail

template <>
struct boost::serialization::use_array_optimization<isolatte::detail::output_archive> {
  template <class T>
  struct apply : boost::mpl::bool_<isolatte::detail::plain<T>> {};
};

BOOST_SERIALIZATION_REGISTER_ARCHIVE(isolatte::detail::output_archive)

#endif
