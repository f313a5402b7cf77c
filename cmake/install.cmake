# cmake --install: the libraries, the headers, a CMake package and a pkg-config file, all relocatable; and what there is
# to read. The tool, its pages and its completions are installed where they are made, in host/cli.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Myriad)
set_target_properties(myriad_shared PROPERTIES EXPORT_NAME myriad)
install(TARGETS myriad_shared myriad_static EXPORT MyriadTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT MyriadTargets NAMESPACE Myriad:: DESTINATION ${package_dir})
install(DIRECTORY include/myriad DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

configure_package_config_file(cmake/MyriadConfig.cmake.in MyriadConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(MyriadConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/MyriadConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/MyriadConfigVersion.cmake
        DESTINATION ${package_dir})

# From the folder of myriad.pc back to the prefix, so that an installed tree may be moved.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
set(pc_libs_private "${OpenMP_C_FLAGS} -lcsv -lm")
if(MYRIAD_HAVE_CUDA)
  string(APPEND pc_libs_private " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -lstdc++ -lrt -lpthread -ldl")
endif()
configure_file(cmake/myriad.pc.in myriad.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/myriad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The texts lie to each other as they do here, so that their links hold.
install(FILES README.md CHANGELOG.md LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
        PATTERN make EXCLUDE PATTERN "docs/examples" EXCLUDE PATTERN "*.sollya" EXCLUDE PATTERN "make_*" EXCLUDE)
