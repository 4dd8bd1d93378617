package dev.suture.link;

import java.util.Set;

/** Links one payload for Xen. */
public final class LinkXenPayload {
    private LinkXenPayload() {}

    /**
     * Links a payload.
     *
     * @param request what it is to be made of
     * @return the payload, or why there is none
     */
    public static LinkResult link(LinkRequest request) {
        NameSymbols names = NameSymbols.inHypervisor(request.image(), request.stackSymbols(), request.below());
        return new LinkPayload(
                        request.selection(),
                        request.image(),
                        names,
                        PayloadFormat.xen(request.release()),
                        request.name(),
                        request.depends(),
                        request.metadata(),
                        request.patches(),
                        Set.of())
                .link();
    }
}
