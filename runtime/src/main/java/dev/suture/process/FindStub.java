package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.Segment;
import dev.suture.linux.Memory;
import java.util.Arrays;
import java.util.Optional;

/**
 * Finds a place for {@link BorrowedThread#STUB}: what is left of the last page of some file's code. Nobody uses it, and
 * what is written there stays; the file on disk does not change.
 */
final class FindStub {
    private static final long PAGE = 4096;
    private static final int PF_X = 1;

    private FindStub() {}

    /** {@return the address of the instructions, written if they were not there yet} */
    static long place(Session session, LoadedFiles files) {
        for (LoadedFile file : files.all().reversed()) {
            Optional<Long> room = room(file);
            if (room.isPresent()) {
                write(session, session.memory(), room.get());
                return room.get();
            }
        }
        throw new ProcessException(
                session.pid(),
                "none of its files has %d bytes left behind its code".formatted(BorrowedThread.STUB.length));
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
                if (isMapped && pageEnd - end >= BorrowedThread.STUB.length) {
                    return Optional.of(end);
                }
            }
        }
        return Optional.empty();
    }

    private static void write(Session session, Memory memory, long address) {
        if (!Arrays.equals(memory.read(address, BorrowedThread.STUB.length), BorrowedThread.STUB)) {
            session.write(address, BorrowedThread.STUB, "the end of a page of code");
        }
    }
}
