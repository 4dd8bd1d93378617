package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputFilesTest {
    private static final byte[] ELF64 = elf(2, 62);

    @TempDir
    private Path folder;

    private Path payload(String name, String section) throws Exception {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Path source = Files.writeString(
                folder.resolve("payload.s"),
                ".section .livepatch.depends,\"a\",@note; .long 4, 4, 3; .asciz \"GNU\"; .long 1\n.section " + section
                        + ",\"a\",@note; .long 4, 4, 3; .asciz \"GNU\"; .long 1\n");
        Process as = new ProcessBuilder("as", "-o", file.toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(as.waitFor()).isZero();
        return file;
    }

    @Test
    void payloadsWithTheSameFileNameGetNamesOfTheirOwn() throws Exception {
        Path first = payload("a/fix.livepatch", ".livepatch.xen_depends");
        Path second = payload("b/fix.livepatch", ".livepatch.xen_depends");
        Path third = payload("fix.v2.livepatch", ".livepatch.xen_depends");

        assertThat(PayloadFile.read(List.of(first, second, third)))
                .extracting(PayloadFile::name)
                .containsExactly("fix", "fix-2", "fix.v2");
    }

    @Test
    void aNameIsMadeOfPlainCharacters() throws Exception {
        assertThat(PayloadFile.read(List.of(payload("it's $(a) fix.livepatch", ".livepatch.xen_depends"))))
                .extracting(PayloadFile::name)
                .containsExactly("it_s___a__fix");
    }

    @Test
    void aPayloadForProcessesIsNotBootedFor() throws Exception {
        Path file = payload("fix.livepatch", ".livepatch.target");

        assertThatThrownBy(() -> PayloadFile.read(List.of(file)))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("fix.livepatch: it is a payload for processes");
    }

    @Test
    void whatIsNoPayloadIsNotBootedFor() throws IOException {
        Path empty = write("empty.livepatch", ELF64);
        byte[] damaged = ELF64.clone();
        damaged[0x28] = 1;
        Path broken = write("broken.livepatch", damaged);

        for (Path file : List.of(empty, broken, Path.of("/dev/zero"), folder, folder.resolve("nothing"))) {
            assertThatThrownBy(() -> PayloadFile.read(List.of(file)))
                    .isInstanceOf(LivePatchException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    @Test
    void aFileThatIsNoElfFileIsNoPayload() throws IOException {
        Path text = write("notes.txt", "not an ELF file".getBytes());

        assertThatThrownBy(() -> PayloadFile.read(List.of(text)))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("notes.txt: not a payload");
    }

    @Test
    void aTreeIsGivenByItsRootOrByItsFolderXen() throws IOException {
        Path image = write("tree/xen/xen", elf(1, 3));

        assertThat(HypervisorImage.inTree(folder.resolve("tree")).file()).isEqualTo(image);
        assertThat(HypervisorImage.inTree(folder.resolve("tree/xen")).file()).isEqualTo(image);
    }

    @Test
    void whoseClientHasToBeCompiledIsNotBootedWithoutACompiler() throws IOException {
        write("tree/xen/xen", elf(1, 3));
        HypervisorImage image = HypervisorImage.inTree(folder.resolve("tree"));
        Path header = Path.of("tree/xen/include/public/sysctl.h");

        assertThat(image.controlInterface()).isEmpty();
        OwnClient.require(image, Optional.empty());
        write(header.toString(), "#define XEN_SYSCTL_INTERFACE_VERSION 0x00000015\n".getBytes());
        OwnClient.require(image, Optional.empty());
        write(header.toString(), "/* 4.22 */\n#define XEN_SYSCTL_INTERFACE_VERSION 0x00000016\n".getBytes());
        assertThat(image.controlInterface()).hasValue(0x16);
        OwnClient.require(image, Optional.of(Path.of("/usr/bin/gcc")));
        assertThatThrownBy(() -> OwnClient.require(image, Optional.empty()))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("xen/xen: it speaks control interface 0x16")
                .hasMessageContaining("apt-get install gcc");
    }

    @Test
    void theClientForLaterHypervisorsIsAProgramOfItsOwn() throws Exception {
        byte[] client = OwnClient.make(folder).orElseThrow();

        assertThat(HypervisorImage.isElf(client)).isTrue();
        Path program = Files.write(folder.resolve("made"), client);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        // Outside of Xen there is nothing to talk to, or nobody who may.
        Process process = new ProcessBuilder(program.toString(), "list").start();
        assertThat(new String(process.getInputStream().readAllBytes()))
                .matches("(locking memory|opening /dev/xen/privcmd|list) failed: -\\d+.*\\n");
        assertThat(process.waitFor()).isEqualTo(1);
    }

    @Test
    void aTreeThatIsNotBuiltIsToldFromAFolderThatIsNoTree() throws IOException {
        write("tree/xen/common/livepatch.c", new byte[0]);
        Files.createDirectories(folder.resolve("other"));

        assertThatThrownBy(() -> HypervisorImage.inTree(folder.resolve("tree")))
                .hasMessageContaining("not built")
                .hasMessageContaining("run make in " + folder.resolve("tree/xen"));
        assertThatThrownBy(() -> HypervisorImage.inTree(folder.resolve("other")))
                .hasMessageContaining("not a Xen source tree");
    }

    @Test
    void theImageWithSymbolsIsNotTheOneToBoot() throws IOException {
        HypervisorImage symbols = new HypervisorImage(write("xen-syms", ELF64));

        assertThatThrownBy(symbols::bytes)
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("xen-syms: not bootable")
                .hasMessageContaining("expected the 32-bit x86 one");
    }

    @Test
    void aCachedFileThatWasChangedIsNoticed() throws IOException {
        PackagedFiles wanted = new PackagedFiles("test", List.of());
        write("cache/busybox", "busybox".getBytes());
        write(
                "cache/contents.txt",
                "file busybox 9d75f0d7c398df565d7ac04c6819b62d6d8f9560f5eb4672596ecd8f7e96ae91\n".getBytes());
        boolean before = wanted.isIntactIn(folder.resolve("cache"));
        write("cache/busybox", "bus".getBytes());

        assertThat(before).isTrue();
        assertThat(wanted.isIntactIn(folder.resolve("cache"))).isFalse();
        assertThat(wanted.isIntactIn(folder.resolve("nothing"))).isFalse();
    }

    private Path write(String name, byte[] contents) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, contents);
    }

    private static byte[] elf(int elfClass, int machine) {
        byte[] header = new byte[64];
        System.arraycopy(new byte[] {0x7f, 'E', 'L', 'F', (byte) elfClass, 1, 1}, 0, header, 0, 7);
        header[18] = (byte) machine;
        return header;
    }
}
