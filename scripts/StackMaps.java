import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.constant.ClassDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Gives the classes of a jar stack maps, where they are from before those were invented (Java 6). The JDK leaves classes
 * without them out of its ahead-of-time cache, and loads and verifies them the slow way each time.
 *
 * <p>Run as {@code java StackMaps.java JAR}; the jar is replaced. Times of entries stay, and so the bytes depend on the
 * jar alone. Signed jars are refused.
 */
final class StackMaps {
    private static final int FIRST_WITHOUT_OLD_VERIFIER = ClassFile.JAVA_8_VERSION;

    private static final String NOTE_NAME = "META-INF/CHANGES.txt";
    // The licence of what is changed may ask for it.
    private static final String NOTE = "Suture's build added stack maps to the classes of this jar.\n";

    private StackMaps() {}

    public static void main(String[] arguments) throws IOException {
        Path jar = Path.of(arguments[0]);
        boolean isDone;
        try (JarFile old = new JarFile(jar.toFile())) {
            isDone = old.getEntry(NOTE_NAME) != null;
        }
        if (!isDone) {
            addTo(jar);
        }
    }

    private static void addTo(Path jar) throws IOException {
        Path next = jar.resolveSibling(jar.getFileName() + ".next");
        try (JarFile old = new JarFile(jar.toFile());
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(next))) {
            ClassFile classFile = ClassFile.of(
                    ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                    ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(
                                    name -> bytes(old, name))
                            .orElse(ClassHierarchyResolver.defaultResolver())));
            for (JarEntry entry : Collections.list(old.entries())) {
                if (entry.getName().matches("META-INF/[^/]*\\.(SF|RSA|DSA|EC)")) {
                    throw new IOException(jar + " is signed");
                }
                byte[] bytes = old.getInputStream(entry).readAllBytes();
                ZipEntry copy = new ZipEntry(entry.getName());
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                out.write(entry.getName().endsWith(".class") ? withStackMaps(classFile, bytes) : bytes);
                out.closeEntry();
            }
            ZipEntry note = new ZipEntry(NOTE_NAME);
            note.setTime(old.stream().findFirst().orElseThrow().getTime());
            out.putNextEntry(note);
            out.write(NOTE.getBytes(StandardCharsets.US_ASCII));
            out.closeEntry();
        }
        Files.move(next, jar, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    // Null is what the resolver wants for a class that is elsewhere.
    private static InputStream bytes(JarFile jar, ClassDesc name) {
        String descriptor = name.descriptorString();
        JarEntry entry = jar.getJarEntry(descriptor.substring(1, descriptor.length() - 1) + ".class");
        try {
            return entry == null ? null : jar.getInputStream(entry);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] withStackMaps(ClassFile classFile, byte[] bytes) {
        ClassModel old = classFile.parse(bytes);
        if (old.majorVersion() >= FIRST_WITHOUT_OLD_VERIFIER) {
            return bytes;
        }
        ClassTransform version = ClassTransform.dropping(ClassFileVersion.class::isInstance)
                .andThen(ClassTransform.endHandler(builder -> builder.withVersion(FIRST_WITHOUT_OLD_VERIFIER, 0)));
        // A body that is copied as it is gets none: it has to be put together anew, instruction by instruction.
        return classFile.transformClass(
                old, version.andThen(ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element))));
    }
}
