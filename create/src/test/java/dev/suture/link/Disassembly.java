package dev.suture.link;

import dev.suture.diff.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Code as objdump shows it, with names in the place of addresses. */
final class Disassembly {
    private static final Pattern LINE = Pattern.compile("\\s*([0-9a-f]+):\\t(?:[0-9a-f]{2} )+\\s*\\t?(.*)");
    private static final Pattern TARGET = Pattern.compile("(?:# |\\b(?:call|jmp|j[a-z]+|loop)\\s+)0x([0-9a-f]+)");
    private static final Pattern DISTANCE = Pattern.compile("-?0x[0-9a-f]+\\(%rip\\)");

    private Disassembly() {}

    /**
     * {@return the instructions of some code}
     *
     * @param code its bytes
     * @param address of the first
     * @param nameOf tells what is at an address
     */
    static List<String> of(byte[] code, long address, LongFunction<String> nameOf) {
        Path directory = Tools.directory();
        try {
            Files.write(directory.resolve("code"), code);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String text = Tools.run(
                directory,
                List.of(
                        "objdump",
                        "-D",
                        "-w",
                        "-z",
                        "-b",
                        "binary",
                        "-m",
                        "i386:x86-64",
                        "--adjust-vma=0x%x".formatted(address),
                        "code"));
        List<String> lines = new ArrayList<>();
        for (String line : text.split("\n")) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                lines.add(named(matcher.group(2).strip(), nameOf));
            }
        }
        return lines;
    }

    private static String named(String instruction, LongFunction<String> nameOf) {
        Matcher target = TARGET.matcher(instruction);
        StringBuilder named = new StringBuilder();
        while (target.find()) {
            long address = Long.parseUnsignedLong(target.group(1), 16);
            String before = target.group().substring(0, target.group().indexOf("0x"));
            target.appendReplacement(named, Matcher.quoteReplacement(before + nameOf.apply(address)));
        }
        return DISTANCE.matcher(target.appendTail(named)).replaceAll("(%rip)").replaceAll("\\s+", " ");
    }
}
