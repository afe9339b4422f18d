/**
 * Which names of topics and consumer groups are legal (client-plane 5).
 */
@NullMarked
package io.argosy.wire.name;

import org.jspecify.annotations.NullMarked;
