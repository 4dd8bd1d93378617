package dev.suture.isa;

/**
 * What a relocation of one type does, as far as all its uses have it in common.
 *
 * @param type the number in the relocation entry
 * @param name as the processor supplement spells it
 * @param sizeBytes how many bytes it changes; 0 for types that change none
 * @param pcRelative whether the address of the changed bytes is subtracted
 * @param throughPlt whether the value may lead to a procedure linkage table entry instead of to the symbol itself
 * @param throughGot whether the value needs a global offset table: leads to a slot of it, or is counted from its start
 * @param threadLocal whether it is about thread-local storage
 * @param dynamic whether only a dynamic linker handles it: it does not occur in relocatable files
 * @param signed whether what is stored is sign-extended when used, so that the value must fit a signed number of that
 *     size; otherwise it is zero-extended. Says nothing where {@code sizeBytes} is 0 or 8 or more
 */
public record RelocationKind(
        int type,
        String name,
        int sizeBytes,
        boolean pcRelative,
        boolean throughPlt,
        boolean throughGot,
        boolean threadLocal,
        boolean dynamic,
        boolean signed) {

    /** {@return whether the bytes it changes can hold a value} A type that changes none can hold anything. */
    public boolean fits(long value) {
        if (sizeBytes == 0 || sizeBytes >= Long.BYTES) {
            return true;
        }
        int unusedBits = Long.SIZE - Byte.SIZE * sizeBytes;
        return value == (signed ? value << unusedBits >> unusedBits : value << unusedBits >>> unusedBits);
    }
}
