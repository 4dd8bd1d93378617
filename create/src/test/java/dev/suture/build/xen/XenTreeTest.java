package dev.suture.build.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link XenTree} says of directories that lack something. The files here hold only what it looks at. */
class XenTreeTest {
    @TempDir
    Path root;

    @BeforeEach
    void makeTree() throws IOException {
        write("Config.mk", "");
        write("xen/Rules.mk", "");
        write("xen/tools/fixdep", "");
        write("xen/.prelink.o.cmd", "cmd_prelink.o := ld -r -o prelink.o common/built_in.o\n");
        write("xen/common/.domain.o.cmd", "cmd_common/domain.o := ccache gcc-12 -O2 -c common/domain.c\n");
        write("xen/include/config/auto.conf", "CONFIG_LIVEPATCH=y\nCONFIG_CMDLINE=\"a=b\"\n");
        write(
                "xen/include/xen/compile.h",
                "#define XEN_VERSION 4\n#define XEN_SUBVERSION 17\n#define XEN_EXTRAVERSION \".5\"\n");
        write("xen/xen-syms", "");
    }

    private void write(String path, String text) throws IOException {
        Files.createDirectories(root.resolve(path).getParent());
        Files.writeString(root.resolve(path), text);
    }

    @Test
    void theFactsOfATreeAreRead() {
        XenTree tree = XenTree.open(root);

        assertThat(tree.version()).isEqualTo("4.17.5");
        assertThat(tree.makefileCompiler()).isEqualTo("ccache gcc-12");
        assertThat(tree.config()).containsEntry("CONFIG_CMDLINE", "\"a=b\"");
        assertThat(tree.hasDebugInfo()).isFalse();
        assertThat(tree.crossPrefix()).isEmpty();
    }

    @Test
    void theDirectoryXenStandsForItsTree() {
        assertThat(XenTree.open(root.resolve("xen"))).isEqualTo(XenTree.open(root));
    }

    @Test
    void aTreeWithoutLivepatchIsTurnedDown() throws IOException {
        write("xen/include/config/auto.conf", "CONFIG_X86=y\n");

        assertThatThrownBy(() -> XenTree.open(root))
                .isInstanceOf(XenTreeException.class)
                .hasMessageContaining("was built without CONFIG_LIVEPATCH: that hypervisor cannot load live patches.");
    }

    @Test
    void aTreeThatIsNotBuiltIsTurnedDown() throws IOException {
        Files.delete(root.resolve("xen/xen-syms"));

        assertThatThrownBy(() -> XenTree.open(root))
                .isInstanceOf(XenTreeException.class)
                .hasMessageContaining("xen is not built: there is no xen-syms. Build it there first");
    }

    @Test
    void anotherDirectoryIsNoXenTree() {
        assertThatThrownBy(() -> XenTree.open(root.resolve("xen/include")))
                .isInstanceOf(XenTreeException.class)
                .hasMessageContaining("is not a Xen source tree");
        assertThatThrownBy(() -> XenTree.open(root.resolve("absent")))
                .isInstanceOf(XenTreeException.class)
                .hasMessageContaining("absent does not exist");
    }
}
