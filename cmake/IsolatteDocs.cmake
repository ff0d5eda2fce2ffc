find_package(Doxygen REQUIRED)
add_custom_target(isolatte_docs
  COMMAND "${PROJECT_SOURCE_DIR}/tools/check-docs" "${PROJECT_BINARY_DIR}/doc/html"
  USES_TERMINAL)

if(isolatte_top_level)
  install(DIRECTORY "${PROJECT_BINARY_DIR}/doc/html" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    COMPONENT isolatte_documentation OPTIONAL)
endif()
