/** What both halves of Suture share: ELF files, payloads and the checks on them. Bytes and values in and out. */
module dev.suture.core {
    exports dev.suture;
    exports dev.suture.cache;
    exports dev.suture.dwarf;
    exports dev.suture.elf;
    exports dev.suture.image;
    exports dev.suture.isa;
    exports dev.suture.payload;
}
