package dev.suture.dwarf;

/**
 * Numbers of the DWARF standard, spelled as it spells them.
 *
 * @see "DWARF 5, section 7; GNU extensions as in binutils include/dwarf2.def"
 */
final class Dwarf {
    static final int DW_UT_compile = 0x01;
    static final int DW_UT_type = 0x02;
    static final int DW_UT_partial = 0x03;
    static final int DW_UT_skeleton = 0x04;
    static final int DW_UT_split_compile = 0x05;
    static final int DW_UT_split_type = 0x06;

    static final int DW_TAG_array_type = 0x01;
    static final int DW_TAG_class_type = 0x02;
    static final int DW_TAG_enumeration_type = 0x04;
    static final int DW_TAG_formal_parameter = 0x05;
    static final int DW_TAG_member = 0x0d;
    static final int DW_TAG_pointer_type = 0x0f;
    static final int DW_TAG_reference_type = 0x10;
    static final int DW_TAG_structure_type = 0x13;
    static final int DW_TAG_subroutine_type = 0x15;
    static final int DW_TAG_typedef = 0x16;
    static final int DW_TAG_union_type = 0x17;
    static final int DW_TAG_unspecified_parameters = 0x18;
    static final int DW_TAG_inheritance = 0x1c;
    static final int DW_TAG_inlined_subroutine = 0x1d;
    static final int DW_TAG_ptr_to_member_type = 0x1f;
    static final int DW_TAG_subrange_type = 0x21;
    static final int DW_TAG_base_type = 0x24;
    static final int DW_TAG_const_type = 0x26;
    static final int DW_TAG_enumerator = 0x28;
    static final int DW_TAG_subprogram = 0x2e;
    static final int DW_TAG_template_type_parameter = 0x2f;
    static final int DW_TAG_variable = 0x34;
    static final int DW_TAG_volatile_type = 0x35;
    static final int DW_TAG_restrict_type = 0x37;
    static final int DW_TAG_namespace = 0x39;
    static final int DW_TAG_unspecified_type = 0x3b;
    static final int DW_TAG_rvalue_reference_type = 0x42;
    static final int DW_TAG_atomic_type = 0x47;

    static final int DW_AT_location = 0x02;
    static final int DW_AT_name = 0x03;
    static final int DW_AT_byte_size = 0x0b;
    static final int DW_AT_bit_offset = 0x0c;
    static final int DW_AT_bit_size = 0x0d;
    static final int DW_AT_stmt_list = 0x10;
    static final int DW_AT_low_pc = 0x11;
    static final int DW_AT_high_pc = 0x12;
    static final int DW_AT_comp_dir = 0x1b;
    static final int DW_AT_const_value = 0x1c;
    static final int DW_AT_upper_bound = 0x2f;
    static final int DW_AT_abstract_origin = 0x31;
    static final int DW_AT_count = 0x37;
    static final int DW_AT_data_member_location = 0x38;
    static final int DW_AT_decl_column = 0x39;
    static final int DW_AT_decl_file = 0x3a;
    static final int DW_AT_decl_line = 0x3b;
    static final int DW_AT_declaration = 0x3c;
    static final int DW_AT_encoding = 0x3e;
    static final int DW_AT_external = 0x3f;
    static final int DW_AT_specification = 0x47;
    static final int DW_AT_type = 0x49;
    static final int DW_AT_vtable_elem_location = 0x4d;
    static final int DW_AT_ranges = 0x55;
    static final int DW_AT_call_file = 0x58;
    static final int DW_AT_call_line = 0x59;
    static final int DW_AT_signature = 0x69;
    static final int DW_AT_data_bit_offset = 0x6b;
    static final int DW_AT_linkage_name = 0x6e;
    static final int DW_AT_str_offsets_base = 0x72;
    static final int DW_AT_addr_base = 0x73;
    static final int DW_AT_rnglists_base = 0x74;
    static final int DW_AT_alignment = 0x88;
    static final int DW_AT_MIPS_linkage_name = 0x2007;
    static final int DW_AT_GNU_vector = 0x2107;
    static final int DW_AT_GNU_dwo_name = 0x2130;

    static final int DW_FORM_addr = 0x01;
    static final int DW_FORM_block2 = 0x03;
    static final int DW_FORM_block4 = 0x04;
    static final int DW_FORM_data2 = 0x05;
    static final int DW_FORM_data4 = 0x06;
    static final int DW_FORM_data8 = 0x07;
    static final int DW_FORM_string = 0x08;
    static final int DW_FORM_block = 0x09;
    static final int DW_FORM_block1 = 0x0a;
    static final int DW_FORM_data1 = 0x0b;
    static final int DW_FORM_flag = 0x0c;
    static final int DW_FORM_sdata = 0x0d;
    static final int DW_FORM_strp = 0x0e;
    static final int DW_FORM_udata = 0x0f;
    static final int DW_FORM_ref_addr = 0x10;
    static final int DW_FORM_ref1 = 0x11;
    static final int DW_FORM_ref2 = 0x12;
    static final int DW_FORM_ref4 = 0x13;
    static final int DW_FORM_ref8 = 0x14;
    static final int DW_FORM_ref_udata = 0x15;
    static final int DW_FORM_indirect = 0x16;
    static final int DW_FORM_sec_offset = 0x17;
    static final int DW_FORM_exprloc = 0x18;
    static final int DW_FORM_flag_present = 0x19;
    static final int DW_FORM_strx = 0x1a;
    static final int DW_FORM_addrx = 0x1b;
    static final int DW_FORM_ref_sup4 = 0x1c;
    static final int DW_FORM_strp_sup = 0x1d;
    static final int DW_FORM_data16 = 0x1e;
    static final int DW_FORM_line_strp = 0x1f;
    static final int DW_FORM_ref_sig8 = 0x20;
    static final int DW_FORM_implicit_const = 0x21;
    static final int DW_FORM_loclistx = 0x22;
    static final int DW_FORM_rnglistx = 0x23;
    static final int DW_FORM_ref_sup8 = 0x24;
    static final int DW_FORM_strx1 = 0x25;
    static final int DW_FORM_strx2 = 0x26;
    static final int DW_FORM_strx3 = 0x27;
    static final int DW_FORM_strx4 = 0x28;
    static final int DW_FORM_addrx1 = 0x29;
    static final int DW_FORM_addrx2 = 0x2a;
    static final int DW_FORM_addrx3 = 0x2b;
    static final int DW_FORM_addrx4 = 0x2c;
    static final int DW_FORM_GNU_ref_alt = 0x1f20;
    static final int DW_FORM_GNU_strp_alt = 0x1f21;

    static final int DW_OP_addr = 0x03;
    static final int DW_OP_deref = 0x06;
    static final int DW_OP_const4u = 0x0c;
    static final int DW_OP_const8u = 0x0e;
    static final int DW_OP_constu = 0x10;
    static final int DW_OP_plus_uconst = 0x23;
    static final int DW_OP_deref_size = 0x94;
    static final int DW_OP_form_tls_address = 0x9b;
    static final int DW_OP_addrx = 0xa1;
    static final int DW_OP_constx = 0xa2;
    static final int DW_OP_GNU_push_tls_address = 0xe0;
    static final int DW_OP_GNU_const_index = 0xfc;

    static final int DW_ATE_boolean = 0x02;
    static final int DW_ATE_complex_float = 0x03;
    static final int DW_ATE_float = 0x04;
    static final int DW_ATE_signed = 0x05;
    static final int DW_ATE_signed_char = 0x06;
    static final int DW_ATE_unsigned = 0x07;
    static final int DW_ATE_unsigned_char = 0x08;
    static final int DW_ATE_UTF = 0x10;

    static final int DW_LNCT_path = 0x1;
    static final int DW_LNCT_directory_index = 0x2;

    static final int DW_LNS_copy = 1;
    static final int DW_LNS_advance_pc = 2;
    static final int DW_LNS_advance_line = 3;
    static final int DW_LNS_set_file = 4;
    static final int DW_LNS_negate_stmt = 6;
    static final int DW_LNS_const_add_pc = 8;
    static final int DW_LNS_fixed_advance_pc = 9;

    static final int DW_LNE_end_sequence = 1;
    static final int DW_LNE_set_address = 2;

    static final int DW_RLE_end_of_list = 0;
    static final int DW_RLE_base_addressx = 1;
    static final int DW_RLE_startx_endx = 2;
    static final int DW_RLE_startx_length = 3;
    static final int DW_RLE_offset_pair = 4;
    static final int DW_RLE_base_address = 5;
    static final int DW_RLE_start_end = 6;
    static final int DW_RLE_start_length = 7;

    private Dwarf() {}
}
