// What is slow to parse and seldom changes. Sources include what they use all the same: not every
// build has precompiled headers.
#include <boost/asio.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
