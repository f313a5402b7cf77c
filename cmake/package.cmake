# cpack: .tar.gz, and .deb where dpkg's tools are, which know the packages of the libraries that are linked.
set(CPACK_PACKAGE_NAME myriad)
set(CPACK_PACKAGE_VENDOR "The Myriad authors")
set(CPACK_PACKAGE_CONTACT "The Myriad authors <myriad@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME myriad-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)

find_program(MYRIAD_SHLIBDEPS dpkg-shlibdeps)
find_program(MYRIAD_FILE file) # cpack asks it which files are programs
mark_as_advanced(MYRIAD_SHLIBDEPS MYRIAD_FILE)
if(MYRIAD_SHLIBDEPS AND MYRIAD_FILE)
  list(APPEND CPACK_GENERATOR DEB)
  set(CPACK_DEB_COMPONENT_INSTALL OFF)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT) # myriad_0.2.0_amd64.deb
  set(CPACK_DEBIAN_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gnuplot-nox)
  # For programs that link the static library.
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libcsv-dev, libjansson-dev, liblapacke-dev, liblbfgs-dev, libopenblas-dev")
  # What depends on the shared library, and that the loader's cache is brought up to date.
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
else()
  message(STATUS "myriad: no dpkg-shlibdeps or no file here, so cpack makes .tar.gz alone")
endif()
include(CPack)
