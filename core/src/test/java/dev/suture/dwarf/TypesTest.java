package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.elf.ElfFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TypesTest {
    private static final String SAMPLE = """
            #include <stddef.h>
            #include <stdint.h>
            struct list_head { struct list_head *next, *prev; };
            typedef struct { volatile int counter; } atomic_t;
            enum color { RED, GREEN = 5, BLUE = -3 };
            union value { long number; char text[24]; };
            typedef int (*handler_t)(struct list_head *, const char *, ...);
            struct sample {
                char tag;
                struct list_head list;
                unsigned int a : 3, b : 7, : 2, c : 20;
                uint64_t wide : 40;
                union { int x; short y[3]; };
                struct { char p; long q; } inner;
                struct { int k; } many[4];
                enum color color;
                atomic_t count;
                handler_t handler;
                const char *names[2][3];
                int (*matrix)[4];
                union value value;
                _Bool flag;
                double d __attribute__((aligned(32)));
                char rest[];
            };
            struct __attribute__((packed)) tight { char a; int b; short c; };
            struct sample *sample; struct tight tight; union value value; enum color color;
            static struct { int first, second; } table[3] = {{1, 2}};
            enum { FLAG_A = 1, FLAG_B = 0x80000000 };
            int use(void) { struct local { int z; } local = {FLAG_A}; return local.z + table[1].first + (FLAG_B != 0); }
            """;

    @TempDir
    Path directory;

    private CompiledSource compiled;

    @BeforeEach
    void compileIn() {
        compiled = new CompiledSource(directory);
    }

    private static TypeDefinition only(Types types, String name) {
        assertThat(types.named(name)).as(name).hasSize(1);
        return types.named(name).getFirst();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcc -gdwarf-5",
                "gcc -gdwarf-4",
                "gcc -gdwarf-3 -gstrict-dwarf",
                "gcc -gdwarf-2 -gstrict-dwarf",
                "gcc -gdwarf-5 -gz=zlib",
                "gcc -gdwarf-4 -gz=zlib",
                "gcc -gdwarf-5 -gdwarf64",
                "gcc -gdwarf-5 -O2 -ffunction-sections -fdata-sections",
                "gcc -gdwarf-5 -fdebug-types-section",
                "gcc -gdwarf-4 -fdebug-types-section",
                "gcc -g3",
                "clang -gdwarf-5",
                "clang -gdwarf-4",
                "clang -gdwarf-5 -gz=zlib",
            })
    void sizesAndOffsetsAreThoseTheCompilerUses(String command) {
        List<String> options = new ArrayList<>(List.of(command.split(" ")));
        String compiler = options.removeFirst();
        options.addAll(List.of("-c", "-g", "-w"));
        Types types = Types.read(ElfFile.read(compiled.compile(compiler, ".c", SAMPLE, options)));
        TypeDefinition sample = only(types, "sample");

        StringBuilder said = new StringBuilder();
        StringBuilder probe = new StringBuilder(SAMPLE).append("#include <stdio.h>\nint main(void) {\n");
        for (String type : List.of("struct sample", "struct tight", "union value", "enum color", "atomic_t")) {
            probe.append("printf(\"%s %%zu\\n\", sizeof(%s));%n".formatted(type, type));
            TypeDefinition definition = only(types, type.substring(type.indexOf(' ') + 1));
            assertThat(definition.text()).isEqualTo(type);
            said.append("%s %d%n".formatted(type, definition.sizeBytes()));
        }
        for (Member member : sample.members()) {
            if (!member.isBitField()) {
                String size =
                        member.name().equals("rest") ? "0" : "sizeof(((struct sample *)0)->" + member.name() + ")";
                probe.append("printf(\"%s %%zu %%zu\\n\", offsetof(struct sample, %s), (size_t) %s);%n"
                        .formatted(member.name(), member.name(), size));
                said.append("%s %d %d%n".formatted(member.name(), member.byteOffset(), member.sizeBytes()));
            }
        }
        assertThat(said.toString())
                .isEqualTo(compiled.printedBy(probe.append("}\n").toString()));
        assertThat(sample.members().stream().filter(Member::isBitField).map(TypesTest::bits))
                .containsExactly("a 24.0:3", "b 24.3:7", "c 25.4:20", "wide 32.0:40");
    }

    private static String bits(Member member) {
        return "%s %d.%d:%d".formatted(member.name(), member.byteOffset(), member.bitOffset(), member.bitSize());
    }

    @Test
    void membersOfNestedTypesWithoutANameStandAmongThoseOfTheOuterType() {
        TypeDefinition sample = only(Types.read(compiled.c(SAMPLE)), "sample");

        assertThat(sample.members().stream().map(Member::name))
                .containsSequence("x", "y", "inner.p", "inner.q", "many", "color");
    }

    @Test
    void typesAreDescribedAsInTheSourceAndWithTypedefsResolved() {
        TypeDefinition sample = only(Types.read(compiled.c(SAMPLE)), "sample");

        assertThat(sample.members().stream()
                        .map(member -> member.name() + ": " + member.type() + " = " + member.resolvedType()))
                .contains(
                        "list: struct list_head = struct list_head",
                        "wide: uint64_t = long unsigned int",
                        "y: short int[3] = short int[3]",
                        "many: struct { int k; }[4] = struct { int k; }[4]",
                        "count: atomic_t = atomic_t",
                        "handler: handler_t = int (*)(struct list_head *, char *, ...)",
                        "names: const char *[2][3] = char *[2][3]",
                        "matrix: int (*)[4] = int (*)[4]",
                        "rest: char[] = char[]");
        assertThat(sample.member("value").orElseThrow().heldType()).isEqualTo("union value");
        assertThat(sample.member("handler").orElseThrow().heldType()).isEmpty();
    }

    @Test
    void typesWithoutANameAreCalledAfterWhatHasThem() {
        Types types = Types.read(compiled.c(SAMPLE));

        assertThat(only(types, "atomic_t").isTypedef()).isTrue();
        assertThat(only(types, "typeof(table)").sizeBytes()).isEqualTo(8);
        assertThat(only(types, "{FLAG_A, ...}").enumerators())
                .containsExactly(new Enumerator("FLAG_A", 1), new Enumerator("FLAG_B", 0x80000000L));
    }

    @Test
    void typesInsideFunctionsAreFoundWithFileAndLine() {
        TypeDefinition local = only(Types.read(compiled.c(SAMPLE)), "local");

        assertThat(local.declared()).isEqualTo(new SourceLine("source.c", 30));
        assertThat(local.declared().text()).isEqualTo("source.c:30");
    }

    @Test
    void enumeratorsHaveTheirValues() {
        assertThat(only(Types.read(compiled.c(SAMPLE)), "color").enumerators())
                .containsExactly(new Enumerator("RED", 0), new Enumerator("GREEN", 5), new Enumerator("BLUE", -3));
    }

    @Test
    void twoTypesOfOneNameAreBothKept() {
        Types types = Types.read(compiled.c("""
                int f(void) { struct s { int a; } v = {1}; return v.a; }
                int g(void) { struct s { long b; } v = {2}; return v.b; }
                int h(void) { struct s { long b; } v = {3}; return v.b; }
                """));

        assertThat(types.named("s").stream().map(TypeDefinition::sizeBytes)).containsExactlyInAnyOrder(4L, 8L);
        assertThat(types.structSize("s")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-gdwarf-5", "-gdwarf-4", "-fdebug-types-section", "-gdwarf-4 -fdebug-types-section"})
    void namesInCppHaveTheirScope(String options) {
        Types types = Types.read(compiled.cpp("""
                namespace outer {
                  struct base { virtual ~base() {} int b; };
                  class thing : public base {
                  public:
                    struct part { int p; part *next; };
                    struct later;
                    static int shared;
                    part parts[2]; int &reference; int thing::*pointer; int (thing::*method)(char);
                    thing(int &r) : reference(r) {}
                  };
                  struct thing::later { char c[3]; };
                  template <typename T> struct box { T content; };
                }
                int n; outer::thing t(n); outer::thing::later l; outer::box<short> b;
                """, options.split(" ")));

        TypeDefinition thing = only(types, "outer::thing");
        assertThat(thing.text()).isEqualTo("class outer::thing");
        assertThat(thing.members().stream().map(member -> member.name() + " " + member.byteOffset()))
                .containsExactly("<base struct outer::base> 0", "parts 16", "reference 48", "pointer 56", "method 64");
        assertThat(thing.members().getLast().sizeBytes()).isEqualTo(16);
        assertThat(only(types, "outer::thing::part").sizeBytes()).isEqualTo(16);
        assertThat(only(types, "outer::thing::later").sizeBytes()).isEqualTo(3);
        assertThat(only(types, "outer::box<short int>").sizeBytes()).isEqualTo(2);
    }

    @Test
    void aLinkedProgramHasTheTypesOfAllItsObjectsOnce() {
        String header = "struct shared { int a; long b; } shared_%s; ";
        Path first = compiled.compile(
                "gcc", ".c", header.formatted("a") + "struct own { char c; } own;", List.of("-c", "-g"));
        Path program = compiled.compile(
                "gcc",
                ".c",
                header.formatted("b") + "int main(void) { return shared_b.a; }",
                List.of("-g", first.toString(), "-x", "none"));
        Types types = Types.read(ElfFile.read(program));

        assertThat(only(types, "shared").sizeBytes()).isEqualTo(16);
        assertThat(only(types, "own").sizeBytes()).isEqualTo(1);
    }

    @Test
    void objectsJoinedByTheLinkerHaveTheTypesOfBoth() {
        Path first = compiled.compile("gcc", ".c", "struct a { int x[5]; } a;", List.of("-c", "-g"));
        Path second = compiled.compile("gcc", ".c", "struct b { int x[7]; } b;", List.of("-c", "-g"));
        Path joined = directory.resolve("joined.o");
        CompiledSource.run(
                directory, List.of("ld", "-r", "-o", joined.toString(), first.toString(), second.toString()));
        Types types = Types.read(ElfFile.read(joined));

        assertThat(types.structSize("a")).isEqualTo(OptionalLong.of(20));
        assertThat(types.structSize("b")).isEqualTo(OptionalLong.of(28));
    }

    @Test
    void anObjectForArm64IsReadTheSameWay() {
        CompiledSource.assumeInstalled("aarch64-linux-gnu-gcc");
        Path object =
                compiled.compile("aarch64-linux-gnu-gcc", ".c", "struct a { char c; long x; } a;", List.of("-c", "-g"));

        assertThat(Types.read(ElfFile.read(object)).structSize("a")).isEqualTo(OptionalLong.of(16));
    }

    @Test
    void anObjectWithoutDebugInformationHasNoTypesAndSaysWhy() {
        Types types = Types.read(compiled.c("struct a { int x; } a;", "-g0"));

        assertThat(types.all()).isEmpty();
        assertThat(types.hasDebugInformation()).isFalse();
    }

    @Test
    void debugInformationInAnotherFileIsAnError() {
        ElfFile object = compiled.c("struct a { int x; } a;", "-gsplit-dwarf");

        assertThatThrownBy(() -> Types.read(object))
                .isInstanceOf(DwarfFormatException.class)
                .hasMessageContaining("build without -gsplit-dwarf");
    }

    @Test
    void theSameBytesAreSurelyEqualAndAnotherTypeIsNot() {
        String source = "struct a { int x; } a;";

        assertThat(Types.areSurelyEqual(compiled.c(source), compiled.c(source + "int f(void) { return 1; }")))
                .isFalse();
        ElfFile object = compiled.c(source);
        assertThat(Types.areSurelyEqual(object, object)).isTrue();
    }
}
