package io.argosy.broker.message;

import java.nio.ByteBuffer;

/** Checks of UTF-8 bytes without decoding them. */
final class Utf8 {

    private Utf8() {}

    /** Whether the range is well-formed by table 3-7 of the Unicode standard; that is what protobuf parsers ask for. */
    static boolean valid(ByteBuffer bytes, int position, int length) {
        int end = position + length;
        int at = position;
        while (at < end) {
            int b = bytes.get(at++);
            if (b >= 0) {
                continue;
            }
            int lead = b & 0xff;
            int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
            if (lead < 0xc2 || lead > 0xf4 || at + more > end) {
                return false;
            }
            int second = bytes.get(at) & 0xff;
            int lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
            int highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
            if (second < lowest || second > highest) {
                return false;
            }
            for (int i = 1; i < more; i++) {
                if ((bytes.get(at + i) & 0xc0) != 0x80) {
                    return false;
                }
            }
            at += more;
        }
        return true;
    }
}
