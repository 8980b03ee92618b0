;; Promise: a policy answers every question of the world. This one has no exports at all.
;; Ends: the component is not a policy: no exported instance named `greenlight:policy/types@0.2.0`

(component)
