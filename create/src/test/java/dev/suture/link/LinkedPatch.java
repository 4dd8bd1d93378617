package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.diff.Change;
import dev.suture.diff.Selection;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.payload.Payload;
import dev.suture.payload.Stack;
import dev.suture.payload.XenRelease;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A patch of a small program, linked into a payload for it. */
public final class LinkedPatch {
    static final String NAME = "fix";
    static final long BASE = 0xffff82d040800000L;

    private final Change change;
    private final LinkedProgram program;
    private final Path rest;
    private String version = "4.17.5";
    private List<String> metadata = List.of();
    private String depends = "";
    private String name = NAME;
    private Stack below = Stack.EMPTY;
    private Set<String> stackSymbols = Set.of();

    private LinkedPatch(Change change, LinkedProgram program, Path rest) {
        this.change = change;
        this.program = program;
        this.rest = rest;
    }

    /**
     * {@return a patch of a program}
     *
     * @param rest C source of what the patch does not touch
     */
    public static LinkedPatch of(Change change, String rest) {
        Path object = Tools.gcc("rest.c", rest);
        return new LinkedPatch(change, LinkedProgram.of(with(change.originals(), object)), object);
    }

    /** {@return a patch of a program that is linked to run in the last 2 GiB, as Linux is} */
    static LinkedPatch atTheTop(Change change) {
        return new LinkedPatch(change, LinkedProgram.at("0xffffffff80200000", change.originals()), Path.of("none"));
    }

    private static List<Path> with(List<Path> objects, Path one) {
        List<Path> all = new ArrayList<>(objects);
        all.add(one);
        return all;
    }

    LinkedPatch forRelease(String release) {
        version = release;
        return this;
    }

    public LinkedPatch withMetadata(List<String> entries) {
        metadata = entries;
        return this;
    }

    public LinkedPatch on(String buildId) {
        depends = buildId;
        return this;
    }

    /**
     * {@return a patch of the same program that goes on top of this one}
     *
     * @param next from the source with this patch
     * @param nextName of its payload
     */
    public LinkedPatch below(Change next, String nextName) {
        Payload payload = Payload.read(ElfFile.read(name, payload()));
        LinkedPatch above =
                new LinkedPatch(next, program, rest).on(payload.buildId().orElseThrow());
        above.name = nextName;
        above.below = payload.stack().orElseThrow();
        above.stackSymbols = payload.elf().symbols().stream()
                .filter(symbol -> symbol.isInSection() && !symbol.name().isEmpty())
                .map(Symbol::name)
                .collect(Collectors.toSet());
        return above;
    }

    /** {@return this patch for another program} */
    LinkedPatch against(List<Path> objects) {
        return new LinkedPatch(change, LinkedProgram.of(objects), rest);
    }

    Path rest() {
        return rest;
    }

    public LinkResult link() {
        Selection selection = change.select();
        assertThat(selection.refusals()).isEmpty();
        Image image = image();
        return LinkXenPayload.link(new LinkRequest(
                selection,
                image,
                XenRelease.of(version),
                name,
                depends.isEmpty() ? image.buildId() : depends,
                metadata,
                stackSymbols,
                below,
                List.of(new Stack.Patch(name, name))));
    }

    Image image() {
        return Image.open(program.file());
    }

    public byte[] payload() {
        LinkResult result = link();
        assertThat(result.refusals()).isEmpty();
        return result.payload();
    }

    String refusals() {
        return link().refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    LoadedPayload load() {
        return new LoadedPayload(payload(), program, BASE);
    }

    /** {@return the comparison with a full link of the patched objects} */
    SameAsFullLink compared(LoadedPayload loaded) {
        return new SameAsFullLink(program, patchedProgram(), loaded, NAME);
    }

    LinkedProgram patchedProgram() {
        return LinkedProgram.of(with(change.patcheds(), rest));
    }
}
