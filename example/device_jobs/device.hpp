// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef DEVICE_JOBS_DEVICE_HPP
#define DEVICE_JOBS_DEVICE_HPP

#include <isolatte/exception.hpp>

#include <stdexcept>
#include <string>
#include <vector>

struct CUfunc_st;

namespace device_jobs {

/// An error that the driver has returned. The message begins with its name.
struct device_error : std::runtime_error {
  explicit device_error(const std::string& message, int code = 0)
      : std::runtime_error{message}, code{code} {}

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & code;
  }

  int code;
};
ISOLATTE_REGISTER_EXCEPTION(device_error)

/// Loads the driver and returns the names of the devices that this process may use. For a child
/// that does nothing else: a process that has asked has initialised the driver, and its children
/// cannot.
/// @throws device_error, and std::runtime_error if there is no driver
std::vector<std::string> device_names();

/// A GPU with a kernel. The driver is loaded by the constructor, so programs that make no device
/// have none; the process that has made one must not fork children that are to use a device.
class device {
 public:
  /// Takes the first device that CUDA_VISIBLE_DEVICES names, and has the driver compile the kernel.
  /// @throws device_error, and std::runtime_error if there is no driver
  device();

  const std::string& name() const noexcept { return name_; }

  /// @return factor * x + y, of which there is at least one
  std::vector<float> scale_and_add(float factor, const std::vector<float>& x,
                                   const std::vector<float>& y) const;

  /// Has the kernel use the address 0.
  void write_to_nowhere() const;

  /// @return false after an error that sticks: every later call returns it again
  bool works() const noexcept;

 private:
  std::string name_;
  CUfunc_st* kernel_ = nullptr;
};

}  // namespace device_jobs

#endif
