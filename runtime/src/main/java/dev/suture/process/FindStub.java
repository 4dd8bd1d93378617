package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.Segment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds a place for {@link BorrowedThread#STUB} and what {@link Room} has behind it: what is left of the last page of some
 * file's code. Nobody uses it, and what is written there stays; the file on disk does not change.
 */
final class FindStub {
    private static final long PAGE = 4096;
    private static final int PF_X = 1;
    private static final byte[] NAME = (LedgerMemory.NAME + '\0').getBytes(StandardCharsets.US_ASCII);

    private FindStub() {}

    /** {@return the address of the instructions, written if they were not there yet} */
    static long place(Session session, LoadedFiles files) {
        return placed(session, files)
                .or(() -> rooms(files).findFirst().map(room -> write(session, room)))
                .orElseThrow(() -> new ProcessException(
                        session.pid(), "none of its files has %d bytes left behind its code".formatted(Room.BYTES)));
    }

    /** {@return where the instructions are; empty if they were never written} */
    static Optional<Long> placed(Session session, LoadedFiles files) {
        return rooms(files)
                .filter(room ->
                        isThere(session, room, BorrowedThread.STUB) && isThere(session, room + Room.NAME_AT, NAME))
                .findFirst();
    }

    private static boolean isThere(Session session, long address, byte[] bytes) {
        return Arrays.equals(session.memory().read(address, bytes.length), bytes);
    }

    private static Stream<Long> rooms(LoadedFiles files) {
        return files.all().reversed().stream().flatMap(file -> room(file).stream());
    }

    private static Optional<Long> room(LoadedFile file) {
        if (file.path().startsWith("[")) {
            return Optional.empty();
        }
        for (Segment segment : file.elf().segments()) {
            if (segment.type() == Elf.PT_LOAD && (segment.flags() & PF_X) != 0) {
                long end = LinkPayload.align(file.bias() + segment.address() + segment.memorySizeBytes(), 16);
                long pageEnd = LinkPayload.align(end, PAGE);
                boolean isMapped =
                        file.mappings().stream().anyMatch(mapping -> mapping.isCode() && mapping.contains(end));
                if (isMapped && pageEnd - end >= Room.BYTES) {
                    return Optional.of(end);
                }
            }
        }
        return Optional.empty();
    }

    private static long write(Session session, long address) {
        byte[] bytes = Arrays.copyOf(BorrowedThread.STUB, Room.BYTES);
        System.arraycopy(NAME, 0, bytes, Room.NAME_AT, NAME.length);
        session.write(address, bytes, "the end of a page of code");
        Step.STUB_WRITTEN.isDone();
        return address;
    }
}
