package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.BuiltXen;
import dev.suture.elf.ElfFile;
import dev.suture.elf.ElfFormatException;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A whole built Xen. */
class XenTreeTest {
    private Path tree;

    @BeforeEach
    void findTree() {
        tree = BuiltXen.directory();
    }

    private List<ElfFile> objects() throws IOException {
        List<ElfFile> objects = new ArrayList<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".o"))
                    .sorted()
                    .toList()) {
                try {
                    objects.add(ElfFile.read(file));
                } catch (ElfFormatException notForUs) {
                    // The boot code has 32-bit objects, and one .o file is no object.
                    assertThat(notForUs).hasMessageContaining("not a usable ELF file");
                }
            }
        }
        assertThat(objects).hasSizeGreaterThan(100);
        return objects;
    }

    @Test
    void allObjectsAreRead() throws IOException {
        int functions = 0;
        int unknown = 0;
        for (ElfFile object : objects()) {
            Types types = Types.read(object);
            if (!types.hasDebugInformation()) {
                continue;
            }
            assertThat(LayoutChanges.between(types, types)).isEmpty();
            assertThat(LineTable.read(object).rows()).as(object.name()).isNotNull();
            Functions read = Functions.read(object);
            for (Symbol symbol : object.symbols()) {
                if (symbol.isFunction() && symbol.isInSection() && symbol.sizeBytes() > 0) {
                    functions++;
                    unknown += read.at(symbol.sectionIndex(), symbol.value()).isPresent() ? 0 : 1;
                }
            }
        }
        // Functions written in assembly have a symbol and no entry.
        assertThat(unknown).isLessThan(functions / 20);
    }

    @Test
    void sizesAreWhatGdbSays() {
        CompiledSource.assumeInstalled("gdb");
        Types types = Types.read(ElfFile.read(tree.resolve("xen-syms")));
        List<String> command = new ArrayList<>(List.of("gdb", "-batch", "-nx"));
        StringBuilder found = new StringBuilder();
        for (String name : List.of(
                "domain", "vcpu", "alt_instr", "bug_frame", "exception_table_entry", "livepatch_func", "page_info")) {
            OptionalLong size = types.structSize(name);
            if (size.isPresent()) {
                command.addAll(List.of("-ex", "printf \"%s %%lu\\n\", sizeof(struct %s)".formatted(name, name)));
                found.append("%s %d%n".formatted(name, size.getAsLong()));
            }
        }
        for (Member member : types.named("vcpu").getFirst().members()) {
            if (!member.isBitField() && !member.name().isEmpty()) {
                command.addAll(List.of(
                        "-ex",
                        "printf \"%s %%lu %%lu\\n\", &((struct vcpu *)0)->%s, sizeof(((struct vcpu *)0)->%s)"
                                .formatted(member.name(), member.name(), member.name())));
                found.append("%s %d %d%n".formatted(member.name(), member.byteOffset(), member.sizeBytes()));
            }
        }
        command.add(tree.resolve("xen-syms").toString());

        assertThat(found).contains("domain ", "vcpu ", "alt_instr ", "bug_frame ");
        assertThat(CompiledSource.run(tree, command)).endsWith(found.toString());
    }
}
