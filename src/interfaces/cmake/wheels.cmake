# SPDX-License-Identifier: Apache-2.0
#
# Included after project() of every interface package here (by colcon.meta). It acts
# only where ROS 2 comes from PyPI wheels: on a ROS of a distribution it does nothing.
if(NOT DEFINED ENV{_ROS_WHEELS_BOOTSTRAP_COMPLETE})
  return()
endif()

# The wheels export include directories of the machine that built them. CMake
# refuses a target whose include directory does not exist, so such entries are
# dropped once all targets are known; what they held (Python's and NumPy's
# headers) is looked up again by every package that generates Python.

function(renxing_drop_missing_includes)
  get_property(targets DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(named ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(named)
      set(present ${named})
      # A generator expression is no path: leave it to CMake.
      list(FILTER present INCLUDE REGEX "\\$<")
      foreach(directory IN LISTS named)
        if(NOT directory MATCHES "\\$<" AND EXISTS "${directory}")
          list(APPEND present "${directory}")
        endif()
      endforeach()
      set_property(TARGET ${target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${present}")
    endif()
  endforeach()
endfunction()

if(CMAKE_CURRENT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR)
  cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL renxing_drop_missing_includes)
endif()

# rclpy with Fast DDS needs the C flavours of a message: rosidl_typesupport_fastrtps_c
# for the bytes, rosidl_typesupport_introspection_c to register the type. The C++
# flavours, which the metapackages also ask for, would cost half of the build time
# and nothing here can load them, so they do not register.
find_package(ament_cmake_core REQUIRED)
macro(ament_register_extension extension_point package_name cmake_filename)
  if(NOT "${package_name}" MATCHES "_cpp$")
    _ament_register_extension(${extension_point} ${package_name} ${cmake_filename})
  endif()
endmacro()
