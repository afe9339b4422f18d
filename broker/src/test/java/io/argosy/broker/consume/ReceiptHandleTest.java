package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiptHandleTest {

    private static final ReceiptHandle HANDLE = new ReceiptHandle(
            ReceiptHandle.hashOf("group"), 3, 70_000, 1L << 40, 2, 5L << 32 | 9, 1_700_000_000_000L, true);

    @Test
    void survivesItsText() {
        assertThat(ReceiptHandle.decode(HANDLE.encode())).contains(HANDLE);
    }

    @Test
    void textNeedsNoEscapingAnywhere() {
        assertThat(HANDLE.encode()).matches("[A-Za-z0-9_-]+");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "not a handle at all",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            })
    void whatNoBrokerWroteIsNoHandle(String text) {
        assertThat(ReceiptHandle.decode(text)).isEmpty();
    }

    @Test
    void aChangedCharacterIsNoticed() {
        String text = HANDLE.encode();
        for (int i = 0; i < text.length() - 1; i++) {
            char changed = text.charAt(i) == 'A' ? 'B' : 'A';
            assertThat(ReceiptHandle.decode(text.substring(0, i) + changed + text.substring(i + 1)))
                    .isEmpty();
        }
    }
}
