/**
 * Which names of topics and consumer groups are legal (client-protocol 9.3).
 */
@NullMarked
package io.argosy.wire.name;

import org.jspecify.annotations.NullMarked;
