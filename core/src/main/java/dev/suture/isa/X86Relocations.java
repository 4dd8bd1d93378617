package dev.suture.isa;

import java.util.List;

/**
 * The relocation types of x86-64.
 *
 * <p>The types 43 and up are for instructions of APX, which Suture does not decode, and are left out so that code that
 * has them is stopped here.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, 4.4.1 Relocation Types"
 */
final class X86Relocations {
    /** In the order of their numbers, without gaps: the index is the type. */
    private static final List<RelocationKind> KINDS = List.of(
            kind(0, "R_X86_64_NONE", 0, ""),
            kind(1, "R_X86_64_64", 8, ""),
            kind(2, "R_X86_64_PC32", 4, "pc signed"),
            kind(3, "R_X86_64_GOT32", 4, "got signed"),
            kind(4, "R_X86_64_PLT32", 4, "pc plt signed"),
            kind(5, "R_X86_64_COPY", 0, "dynamic"),
            kind(6, "R_X86_64_GLOB_DAT", 8, "dynamic"),
            kind(7, "R_X86_64_JUMP_SLOT", 8, "dynamic"),
            kind(8, "R_X86_64_RELATIVE", 8, "dynamic"),
            kind(9, "R_X86_64_GOTPCREL", 4, "pc got signed"),
            kind(10, "R_X86_64_32", 4, ""),
            kind(11, "R_X86_64_32S", 4, "signed"),
            kind(12, "R_X86_64_16", 2, ""),
            kind(13, "R_X86_64_PC16", 2, "pc signed"),
            kind(14, "R_X86_64_8", 1, ""),
            kind(15, "R_X86_64_PC8", 1, "pc signed"),
            kind(16, "R_X86_64_DTPMOD64", 8, "tls dynamic"),
            kind(17, "R_X86_64_DTPOFF64", 8, "tls"),
            kind(18, "R_X86_64_TPOFF64", 8, "tls"),
            kind(19, "R_X86_64_TLSGD", 4, "pc got tls signed"),
            kind(20, "R_X86_64_TLSLD", 4, "pc got tls signed"),
            kind(21, "R_X86_64_DTPOFF32", 4, "tls signed"),
            kind(22, "R_X86_64_GOTTPOFF", 4, "pc got tls signed"),
            kind(23, "R_X86_64_TPOFF32", 4, "tls signed"),
            kind(24, "R_X86_64_PC64", 8, "pc"),
            kind(25, "R_X86_64_GOTOFF64", 8, "got"),
            kind(26, "R_X86_64_GOTPC32", 4, "pc got signed"),
            kind(27, "R_X86_64_GOT64", 8, "got"),
            kind(28, "R_X86_64_GOTPCREL64", 8, "pc got"),
            kind(29, "R_X86_64_GOTPC64", 8, "pc got"),
            kind(30, "R_X86_64_GOTPLT64", 8, "plt got"),
            kind(31, "R_X86_64_PLTOFF64", 8, "plt got"),
            kind(32, "R_X86_64_SIZE32", 4, ""),
            kind(33, "R_X86_64_SIZE64", 8, ""),
            kind(34, "R_X86_64_GOTPC32_TLSDESC", 4, "pc got tls signed"),
            kind(35, "R_X86_64_TLSDESC_CALL", 0, "tls"),
            kind(36, "R_X86_64_TLSDESC", 16, "tls dynamic"),
            kind(37, "R_X86_64_IRELATIVE", 8, "dynamic"),
            kind(38, "R_X86_64_RELATIVE64", 8, "dynamic"),
            // 39 and 40 went with MPX; old objects still have them.
            kind(39, "R_X86_64_PC32_BND", 4, "pc signed"),
            kind(40, "R_X86_64_PLT32_BND", 4, "pc plt signed"),
            kind(41, "R_X86_64_GOTPCRELX", 4, "pc got signed"),
            kind(42, "R_X86_64_REX_GOTPCRELX", 4, "pc got signed"));

    private X86Relocations() {}

    static RelocationKind of(int type) {
        if (type < 0 || type >= KINDS.size()) {
            throw new UnknownRelocationException("x86-64", type);
        }
        return KINDS.get(type);
    }

    static String name(int type) {
        return type < 0 || type >= KINDS.size()
                ? "R_X86_64_<%d>".formatted(type)
                : KINDS.get(type).name();
    }

    private static RelocationKind kind(int type, String name, int sizeBytes, String properties) {
        List<String> words = List.of(properties.split(" "));
        return new RelocationKind(
                type,
                name,
                sizeBytes,
                words.contains("pc"),
                words.contains("plt"),
                words.contains("got"),
                words.contains("tls"),
                words.contains("dynamic"),
                words.contains("signed"));
    }
}
