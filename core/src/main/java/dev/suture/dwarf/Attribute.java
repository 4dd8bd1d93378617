package dev.suture.dwarf;

/** The attributes that are kept when an entry is read, numbered so that they index arrays. All others are skipped. */
final class Attribute {
    static final int NONE = -1;

    static final int NAME = 0;
    static final int BYTE_SIZE = 1;
    static final int BIT_OFFSET = 2;
    static final int BIT_SIZE = 3;
    static final int STMT_LIST = 4;
    static final int LOW_PC = 5;
    static final int HIGH_PC = 6;
    static final int LOCATION = 7;
    static final int CONST_VALUE = 8;
    static final int UPPER_BOUND = 9;
    static final int ABSTRACT_ORIGIN = 10;
    static final int COUNT = 11;
    static final int DATA_MEMBER_LOCATION = 12;
    static final int DECL_FILE = 13;
    static final int DECL_LINE = 14;
    static final int DECLARATION = 15;
    static final int EXTERNAL = 16;
    static final int SPECIFICATION = 17;
    static final int TYPE = 18;
    static final int RANGES = 19;
    static final int CALL_FILE = 20;
    static final int CALL_LINE = 21;
    static final int SIGNATURE = 22;
    static final int DATA_BIT_OFFSET = 23;
    static final int LINKAGE_NAME = 24;
    static final int STR_OFFSETS_BASE = 25;
    static final int ADDR_BASE = 26;
    static final int RNGLISTS_BASE = 27;
    static final int DWO_NAME = 28;
    static final int ENCODING = 29;
    static final int ALIGNMENT = 30;
    static final int VTABLE_ELEM_LOCATION = 31;
    static final int GNU_VECTOR = 32;
    static final int COMP_DIR = 33;
    static final int DECL_COLUMN = 34;
    static final int SLOTS = 35;

    private Attribute() {}

    /** {@return the number here of a {@code DW_AT_} attribute, or {@link #NONE}} */
    static int of(long attribute) {
        if (attribute < 0 || attribute > 0xffff) {
            return NONE;
        }
        return switch ((int) attribute) {
            case Dwarf.DW_AT_name -> NAME;
            case Dwarf.DW_AT_byte_size -> BYTE_SIZE;
            case Dwarf.DW_AT_bit_offset -> BIT_OFFSET;
            case Dwarf.DW_AT_bit_size -> BIT_SIZE;
            case Dwarf.DW_AT_stmt_list -> STMT_LIST;
            case Dwarf.DW_AT_low_pc -> LOW_PC;
            case Dwarf.DW_AT_high_pc -> HIGH_PC;
            case Dwarf.DW_AT_const_value -> CONST_VALUE;
            case Dwarf.DW_AT_upper_bound -> UPPER_BOUND;
            case Dwarf.DW_AT_abstract_origin -> ABSTRACT_ORIGIN;
            case Dwarf.DW_AT_count -> COUNT;
            case Dwarf.DW_AT_data_member_location -> DATA_MEMBER_LOCATION;
            case Dwarf.DW_AT_decl_file -> DECL_FILE;
            case Dwarf.DW_AT_decl_line -> DECL_LINE;
            case Dwarf.DW_AT_decl_column -> DECL_COLUMN;
            case Dwarf.DW_AT_declaration -> DECLARATION;
            case Dwarf.DW_AT_external -> EXTERNAL;
            case Dwarf.DW_AT_specification -> SPECIFICATION;
            case Dwarf.DW_AT_type -> TYPE;
            case Dwarf.DW_AT_ranges -> RANGES;
            case Dwarf.DW_AT_call_file -> CALL_FILE;
            case Dwarf.DW_AT_call_line -> CALL_LINE;
            case Dwarf.DW_AT_signature -> SIGNATURE;
            case Dwarf.DW_AT_data_bit_offset -> DATA_BIT_OFFSET;
            case Dwarf.DW_AT_linkage_name, Dwarf.DW_AT_MIPS_linkage_name -> LINKAGE_NAME;
            case Dwarf.DW_AT_str_offsets_base -> STR_OFFSETS_BASE;
            case Dwarf.DW_AT_addr_base -> ADDR_BASE;
            case Dwarf.DW_AT_rnglists_base -> RNGLISTS_BASE;
            case Dwarf.DW_AT_GNU_dwo_name -> DWO_NAME;
            case Dwarf.DW_AT_location -> LOCATION;
            case Dwarf.DW_AT_comp_dir -> COMP_DIR;
            case Dwarf.DW_AT_encoding -> ENCODING;
            case Dwarf.DW_AT_alignment -> ALIGNMENT;
            case Dwarf.DW_AT_vtable_elem_location -> VTABLE_ELEM_LOCATION;
            case Dwarf.DW_AT_GNU_vector -> GNU_VECTOR;
            default -> NONE;
        };
    }
}
