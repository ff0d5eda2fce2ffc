// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_INPUT_ARCHIVE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_INPUT_ARCHIVE_HPP

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
#include <isolatte/detail/archive/pointer_conversion.hpp>
#include <isolatte/detail/archive/pointer_map.hpp>
#include <isolatte/detail/archive/pointer_tag.hpp>
#include <isolatte/detail/archive/stack_guard.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/archive/type_token.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <boost/archive/detail/common_iarchive.hpp>
#include <boost/archive/detail/register_archive.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::detail {

class input_archive;

/// How objects of a class come to be behind a pointer.
struct heap_class {
  std::size_t cost;
  void* (*allocate)();
  /// For memory in which no object has come to be.
  void (*deallocate)(void* memory) noexcept;
  void (*load)(input_archive& ar, void* memory);
  void (*destroy)(void* object);
  std::shared_ptr<void> (*share)(void* object);
  /// Throws a null pointer to the class; null if the class is not polymorphic.
  void (*throw_pointer)();
};

/// What the registry of exported classes holds for input_archive.
class ISOLATTE_VISIBLE class_loader : public boost::archive::detail::basic_pointer_iserializer {
 public:
  const heap_class& objects() const noexcept { return objects_; }

 protected:
  class_loader(const boost::serialization::extended_type_info& type, const heap_class& objects)
      : basic_pointer_iserializer(type), objects_(objects) {}
  ~class_loader() override = default;

 private:
  const heap_class& objects_;
};

/// Loads values that an output_archive of the same program has saved, and trusts none of them.
///
/// Whatever the bytes are, loading gives well-formed objects or throws. It reads no byte beyond
/// the end, allocates in proportion to the frame, creates no object of a class that the pointer
/// to it cannot point to, lets one smart pointer own what it creates, and frees what it has created
/// for a pointer that does not come to own it.
///
/// What it cannot see to: raw pointers of a user's class that own what they point to may come to
/// point to the same object, and what a user's load() does with a number is its own business. A
/// size in it should be a boost::serialization::collection_size_type.
class ISOLATTE_DECL input_archive final
    : public boost::archive::detail::common_iarchive<input_archive> {
 public:
  /// @param in has to outlive the archive
  /// @param memory_limit bounds what the values may allocate, beside the bound that comes with the
  /// size of @p in
  explicit input_archive(std::span<const std::byte> in,
                         std::size_t memory_limit = std::numeric_limits<std::size_t>::max());
  ~input_archive() override;

  /// Throws unless all has been loaded.
  void finish() const {
    if (position_ != end_) throw_malformed("isolatte: the frame is longer than its value");
  }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - position_); }

  void load_binary(void* data, std::size_t count) {
    if (count != 0) std::memcpy(data, take(count), count);
  }
  template <class T>
  void load_array(const boost::serialization::array_wrapper<T>& array, unsigned int /*version*/) {
    load_elements(array.address(), array.count());
  }

  /// Steps over bytes and says where they are.
  const std::byte* take(std::size_t count) {
    if (count > remaining()) throw_malformed("isolatte: the frame is shorter than its value");
    return std::exchange(position_, position_ + count);
  }
  unsigned char load_byte() { return static_cast<unsigned char>(*take(1)); }
  bool load_flag() {
    unsigned char const value = load_byte();
    if (value > 1) throw_malformed("isolatte: a bool in the frame is neither false nor true");
    return value == 1;
  }
  std::uint64_t load_size() {
    if (position_ != end_ && static_cast<unsigned char>(*position_) < 0x80) return load_byte();
    return load_large_size();
  }
  /// Loads how many elements follow. @p cost is the memory that each of them takes.
  std::size_t load_count(std::size_t cost) {
    std::uint64_t const count = load_size();
    charge(count, cost);
    return static_cast<std::size_t>(count);
  }
  template <class T>
  void load_elements(T* first, std::size_t count) {
    if constexpr (plain<T>) {
      if (count > remaining() / sizeof(T))
        throw_malformed("isolatte: the frame is shorter than its value");
      load_binary(static_cast<void*>(const_cast<std::remove_const_t<T>*>(first)),
                  count * sizeof(T));
    } else {
      for (; count != 0; --count) *this >> *first++;
    }
  }

  /// Loads what a pointer points to. Unlike with operator>>, that may be of any type that can
  /// travel.
  template <class T>
  T* load_pointer();

  template <class T>
  const boost::archive::detail::basic_pointer_iserializer* register_type(T* = nullptr) {
    return static_cast<const boost::archive::detail::basic_pointer_iserializer*>(
        register_loader<std::remove_const_t<T>>());
  }
  template <class Helper>
  Helper& get_helper(void* const id = nullptr) {
    return helpers_.get<Helper>(id);
  }

  // Objects that have been loaded may move or end before the others are loaded.

  /// Marks the point from which on tracked objects are new.
  std::size_t mark() const noexcept { return objects_.size(); }
  /// Says that @p object and all within it has moved.
  template <class T>
  void moved(std::size_t mark, const T* object, const T* to) {
    if (mark != objects_.size()) move_objects(mark, object, sizeof(T), to);
  }
  /// Says that @p object and all within it has ended.
  template <class T>
  void ended(std::size_t mark, const T* object) {
    if (mark != objects_.size()) move_objects(mark, object, sizeof(T), nullptr);
  }
  template <class T, class U>
  void reset_object_address(const T* new_address, const U* old_address) {
    if constexpr (std::is_class_v<U> && !plain<U>)
      if (recent_ < objects_.size()) move_objects(recent_, old_address, sizeof(U), new_address);
  }
  /// Names the range of the value itself, which is going to move.
  void set_root(const void* begin, std::size_t size) noexcept {
    root_begin_ = static_cast<const std::byte*>(begin);
    root_end_ = root_begin_ + size;
  }

  // A smart pointer asks for what the pointer just loaded points to.

  /// Makes the caller the only owner.
  void claim_unique();
  std::shared_ptr<void> claim_shared();
  /// Finds, or keeps, who owns it together with other smart pointers of another kind than
  /// std::shared_ptr.
  template <class Owner>
  Owner& claim_for(Owner (*own)(void* object, void (*destroy)(void* object))) {
    foreign_claim const claim = claim_foreign(&type_token<Owner>);
    if (!*claim.owner)
      *claim.owner = std::make_shared<Owner>(own(claim.object, claim.objects->destroy));
    return *static_cast<Owner*>(claim.owner->get());
  }

  /// Called by heap_class::load when the object exists and its contents come next.
  void constructed() noexcept;

  // What follows is called by Boost.Serialization.
  void load_object(void* object, const boost::archive::detail::basic_iserializer& serializer);

 private:
  friend class boost::archive::detail::common_iarchive<input_archive>;
  friend class boost::archive::detail::interface_iarchive<input_archive>;
  friend class boost::archive::load_access;

  template <class T>
  void load_override(T& maybe_const) {
    using value_type = std::remove_const_t<T>;
    auto& value = const_cast<value_type&>(maybe_const);
    if constexpr (std::is_same_v<value_type, bool>) {
      value = load_flag();
    } else if constexpr (is_boost_count<value_type>) {
      value = value_type(load_count(item_cost_));
    } else if constexpr (is_boost_item_version<value_type>) {
      value = value_type(static_cast<unsigned int>(load_size()));
    } else if constexpr (is_boost_bookkeeping<value_type>) {
      // The bookkeeping is done here; Boost's is never asked to.
    } else if constexpr (plain<value_type>) {
      load_binary(static_cast<void*>(std::addressof(value)), sizeof value);
    } else if constexpr (check_transportable<value_type>()) {
      stack_.check();
      if constexpr (carried<value_type>) {
        carrier<value_type>::load(*this, value);
      } else if constexpr (std::is_pointer_v<value_type>) {
        using object_type = std::remove_const_t<std::remove_pointer_t<value_type>>;
        value = nullptr;
        value = load_pointer<object_type>();
      } else if constexpr (std::is_array_v<value_type>) {
        load_elements(&value[0], std::extent_v<value_type>);
      } else if constexpr (is_nvp<value_type>) {
        *this >> value.value();
      } else {
        static_assert(!std::is_const_v<T> || boost::serialization::is_wrapper<T>::type::value,
                      "isolatte: cannot load into a const object");
        auto const cost = std::exchange(item_cost_, item_cost_of<value_type>());
        boost::archive::load(*this, maybe_const);
        item_cost_ = cost;
      }
    }
  }

  /// What a pointer may point to.
  struct pointer_target {
    const boost::serialization::extended_type_info* type;
    const class_loader* loader;
    std::size_t cost;
    /// Whether a handler for pointers to the type catches what a function throws; null if the
    /// type is not polymorphic.
    bool (*catches)(void (*thrower)());
  };

  template <class T>
  const class_loader* register_loader();

  struct object_record {
    std::byte* address;
    /// Null for objects that Boost knows nothing of; `objects` tells their type then.
    const boost::serialization::extended_type_info* type;
    /// Null for objects within others.
    const heap_class* objects;
    enum { raw, loading, complete, gone } state;
    enum { nobody, one, several, foreign } owner;
    std::uint32_t share;
  };
  struct foreign_claim {
    std::shared_ptr<void>* owner;
    void* object;
    const heap_class* objects;
  };
  static constexpr std::size_t untracked = std::numeric_limits<std::size_t>::max();
  /// What the pointer that was loaded last points to.
  struct recent_pointer {
    void* object = nullptr;
    const heap_class* objects = nullptr;
    std::size_t index = untracked;
  };
  struct share_record {
    std::shared_ptr<void> owner;
    const void* kind;
  };
  class creation;

  std::uint64_t load_large_size();
  void charge(std::uint64_t count, std::size_t cost) {
    if (count > memory_left_ / cost) throw_malformed("isolatte: the value claims too much memory");
    memory_left_ -= static_cast<std::size_t>(count) * cost;
  }
  void* load_simple_pointer(const heap_class& objects);
  void* load_object_pointer(const pointer_target& target);
  void* load_alias(const pointer_target* target, const heap_class* objects);
  void* create(const boost::serialization::extended_type_info* type, const heap_class& objects,
               bool tracked);
  const class_loader& load_class(std::uint64_t index, const pointer_target& target);
  bool load_tracking(const boost::archive::detail::basic_iserializer& serializer);
  void move_objects(std::size_t mark, const void* from, std::size_t size, const void* to);
  foreign_claim claim_foreign(const void* kind);
  void register_class(const class_loader& loader);

  const std::byte* position_;
  const std::byte* end_;
  std::size_t memory_left_;
  std::size_t item_cost_ = unknown_item_cost;
  stack_guard stack_;
  const std::byte* root_begin_ = nullptr;
  const std::byte* root_end_ = nullptr;
  std::vector<object_record> objects_;
  std::size_t recent_ = 0;
  std::uint64_t moves_left_;
  recent_pointer last_pointer_;
  creation* creation_ = nullptr;
  /// Something has been loaded in part; there may be nothing where objects have been.
  bool broken_ = false;
  std::vector<share_record> shares_;
  pointer_map tracked_;
  pointer_map class_indices_;
  std::vector<const class_loader*> classes_;
  std::vector<std::pair<const class_loader*, const boost::serialization::extended_type_info*>>
      checked_casts_;
  helper_store helpers_;
};

template <class T>
void* allocate_object() {
  if constexpr (requires { T::operator new(sizeof(T)); })
    return T::operator new(sizeof(T));
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    return ::operator new(sizeof(T), std::align_val_t{alignof(T)});
  else
    return ::operator new(sizeof(T));
}

template <class T>
void deallocate_object(void* memory) noexcept {
  if constexpr (requires { T::operator delete(memory); })
    T::operator delete(memory);
  else if constexpr (requires { T::operator delete(memory, sizeof(T)); })
    T::operator delete(memory, sizeof(T));
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    ::operator delete(memory, std::align_val_t{alignof(T)});
  else
    ::operator delete(memory);
}

template <class T>
void load_new_object(input_archive& ar, void* memory) {
  T* const object = static_cast<T*>(memory);
  if constexpr (left_to_boost<T>) {
    namespace bs = boost::serialization;
    bs::load_construct_data_adl(ar, object, bs::version<T>::value);
    ar.constructed();
    bs::serialize_adl(ar, *object, bs::version<T>::value);
  } else {
    construct_item(ar, object);
    ar.constructed();
    if constexpr (std::is_default_constructible_v<T>) ar >> *object;
  }
}

template <class T>
void destroy_object(void* object) {
  boost::serialization::access::destroy(static_cast<T*>(object));
}

template <class T>
std::shared_ptr<void> share_object(void* object) {
  return std::shared_ptr<T>(static_cast<T*>(object), [](T* last) { destroy_object<T>(last); });
}

template <class T>
inline constexpr heap_class heap_class_of{
    heap_cost<T>,
    &allocate_object<T>,
    &deallocate_object<T>,
    &load_new_object<T>,
    &destroy_object<T>,
    &share_object<T>,
    std::is_polymorphic_v<T> ? &throw_null_pointer<T> : nullptr};

}  // namespace isolatte::detail

/// Boost's own neither frees what it fails to load nor knows the size of the objects.
template <class T>
class boost::archive::detail::pointer_iserializer<isolatte::detail::input_archive, T>
    : public isolatte::detail::class_loader {
  using archive = isolatte::detail::input_archive;

 public:
  pointer_iserializer()
      : class_loader(
            boost::serialization::singleton<typename boost::serialization::type_info_implementation<
                T>::type>::get_const_instance(),
            isolatte::detail::heap_class_of<T>) {
    boost::serialization::singleton<iserializer<archive, T>>::get_mutable_instance().set_bpis(this);
    archive_serializer_map<archive>::insert(this);
  }
  ~pointer_iserializer() override { archive_serializer_map<archive>::erase(this); }

 private:
  void* heap_allocation() const override { return objects().allocate(); }
  const basic_iserializer& get_basic_serializer() const override {
    return boost::serialization::singleton<iserializer<archive, T>>::get_const_instance();
  }
  void load_object_ptr(basic_iarchive& ar, void* object, const unsigned int) const override {
    objects().load(static_cast<archive&>(ar), object);
  }
};

namespace isolatte::detail {

template <class T>
const class_loader* input_archive::register_loader() {
  auto const& loader = boost::serialization::singleton<
      boost::archive::detail::pointer_iserializer<input_archive, T>>::get_const_instance();
  register_class(loader);
  return &loader;
}

template <class T>
T* input_archive::load_pointer() {
  if constexpr (!left_to_boost<T>) {
    return static_cast<T*>(load_simple_pointer(heap_class_of<T>));
  } else {
    pointer_target target{
        &boost::serialization::type_info_implementation<T>::type::get_const_instance(), nullptr,
        heap_cost<T>, nullptr};
    if constexpr (!std::is_abstract_v<T>) target.loader = register_loader<T>();
    if constexpr (std::is_polymorphic_v<T>) target.catches = &catches_pointer<T>;
    return static_cast<T*>(load_object_pointer(target));
  }
}

}  // namespace isolatte::detail

template <>
struct boost::serialization::use_array_optimization<isolatte::detail::input_archive> {
  template <class T>
  struct apply : boost::mpl::bool_<isolatte::detail::plain<T>> {};
};

BOOST_SERIALIZATION_REGISTER_ARCHIVE(isolatte::detail::input_archive)

#endif
