/**
 * The name server: wiring and process. Holds no state of its own and knows no other name server.
 */
@NullMarked
package io.argosy.namesrv;

import org.jspecify.annotations.NullMarked;
