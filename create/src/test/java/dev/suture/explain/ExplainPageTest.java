package dev.suture.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import java.io.StringReader;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** The page as a browser and an XML parser see it. */
class ExplainPageTest {
    private static final String HOSTILE = "<script>alert(1)</script> & \\\"quoted\\\" 'too'";

    @Test
    void whatAnObjectSaysIsTextAndNeverMarkup() throws Exception {
        String page = page(hostile());

        Document document = parse(page);
        assertThat(document.getElementsByTagName("script").getLength()).isZero();
        assertThat(document.getDocumentElement().getTextContent()).contains("<script>alert(1)</script> & ");
        assertThat(page).doesNotContain("<script");
    }

    @Test
    void symbolNamesWithMarkupInThemAreEscapedInThePictureToo() throws Exception {
        Change change = Change.ofAssembly(hostileSymbol("1"), hostileSymbol("2"));

        Document document = parse(page(change));

        Element svg = (Element) document.getElementsByTagName("svg").item(0);
        assertThat(svg.getTextContent()).contains("\"><img src=x>");
        assertThat(document.getElementsByTagName("img").getLength()).isZero();
    }

    private static String hostileSymbol(String number) {
        return """
                .section .text.f, "ax", @progbits
                .globl "a\\"><img src=x>"
                .type "a\\"><img src=x>", @function
                "a\\"><img src=x>": mov $NUMBER, %edi
                   call "b&<b>"
                   ret
                .size "a\\"><img src=x>", . - "a\\"><img src=x>"
                """.replace("NUMBER", number);
    }

    @Test
    void nothingOutsideOfThePageIsReferredTo() throws Exception {
        Document document = parse(page(hostile()));

        var elements = document.getElementsByTagName("*");
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            assertThat(element.hasAttribute("src")).isFalse();
            assertThat(element.hasAttribute("onmouseover")).isFalse();
            assertThat(element.getAttribute("href")).matches("|#[fh][0-9]+");
            assertThat(element.getTagName()).isNotIn("link", "script", "iframe", "img", "object", "base");
        }
        assertThat(document.getElementsByTagName("style").item(0).getTextContent())
                .doesNotContain("url(")
                .doesNotContain("@import");
    }

    @Test
    void everyFunctionOfTheTableHasItsListing() throws Exception {
        Document document = parse(page(hostile()));

        var sections = document.getElementsByTagName("section");
        assertThat(sections.getLength()).isEqualTo(2);
        assertThat(((Element) sections.item(0)).getAttribute("id")).isEqualTo("f0");
        assertThat(document.getElementsByTagName("svg").getLength()).isEqualTo(1);
    }

    private static Change hostile() {
        String say = "void say(const char *, ...); int outer(int);\n";
        return Change.of(say + "int f(int x) { return outer(x); }", say + """
                static __attribute__((noinline)) void tell(int x) { say("HOSTILE %d\\x01\\n", x); }
                int f(int x) { if (x > 5) tell(x); return outer(x); }
                """.replace("HOSTILE", HOSTILE), "-g");
    }

    private static String page(Change change) {
        ExplainedPatch patch = Explain.explain(change.select(), PatchLines.UNKNOWN, Disassembly.NONE, name -> true);
        return ExplainPage.of("A <title>", Review.of(List.of("from \"x\" onmouseover='y'")), patch);
    }

    private static Document parse(String page) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
    }
}
