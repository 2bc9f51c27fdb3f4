"""Mettre à plat un classificateur Keras, sans rien y changer.

Un réseau peut être fonctionnel, séquentiel, ou contenir un autre réseau comme une seule
couche. `flatten` en tire une suite d'étapes élémentaires, et trouve le score *avant* softmax ou
sigmoïde. Le modèle de l'utilisateur n'est jamais modifié : ni ses poids, ni sa configuration, ni
ses activations.
"""

import inspect
from dataclasses import replace

from ..errors import ModelError
from .plan import Plan, Step, untouched
from .tail import before_softmax

__all__ = ["flatten", "symbolic_output"]

# Ces opérations déplacent ou éclaircissent une carte sans rien y ajouter : on les accepte
# comme couche cible, mais on ne les propose pas.
_MOVING = (
    "Pooling",
    "ZeroPadding",
    "Cropping",
    "Dropout",
    "Noise",
    "Identity",
    "Reshape",
    "Permute",
    "Flatten",
    "UpSampling",
    "Resizing",
    "Rescaling",
    "StochasticDepth",
    "Pad",
    "Transpose",
    "ActivityRegularization",
)


def flatten(model):
    """Renvoie le `Plan` d'un classificateur Keras.

    `model` : `keras.Model` fonctionnel ou séquentiel, d'une image (1, H, W, C) vers les
    scores ou probabilités de K classes. Lève `ModelError` si ce n'en est pas un.
    """
    source, target, input_shape = _ends(model)
    steps = []
    input_key = ("input", id(source))
    keys = _inline(model, {id(source): input_key}, "", steps)
    output_key = keys[id(target)]
    with untouched(steps):  # la dernière activation est essayée sur un vecteur
        steps, score_key, head = before_softmax(steps, output_key, target.shape[-1])
    if any(getattr(s.operation, "data_format", None) == "channels_first" for s in steps):
        raise ModelError(
            "Ce réseau range les canaux en premier (« channels_first ») : reconstruisez-le avec "
            "les canaux en dernier, le réglage habituel de Keras (« channels_last »)."
        )
    steps = tuple(_unique_names(steps))
    return Plan(steps, input_key, score_key, output_key, input_shape, head)


def symbolic_output(model, plan, name):
    """Renvoie le tenseur symbolique (None, h, w, C) de l'étape `name` de `model`."""
    operations = [step.operation for step in plan.steps if not step.name.endswith(":scores")]
    operation = next(step.operation for step in plan.steps if step.name == name)
    own = getattr(model, "operations", None) or model.layers
    shared = sum(operation is other for other in operations) > 1
    if shared or not any(operation is candidate for candidate in own):
        reason = "sert plusieurs fois" if shared else "est à l'intérieur d'un réseau imbriqué"
        raise ModelError(
            f"La couche « {name} » {reason} : Keras ne sait pas désigner son tenseur. "
            "Demandez ses valeurs avec analysis.activations(couche)."
        )
    return operation.output


def _ends(model):
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError(
            "Donnez un modèle Keras (keras.Model), et non un objet de type "
            f"« {type(model).__name__} »."
        )
    if not _is_transparent(model):
        if isinstance(model, keras.Sequential):
            raise ModelError(
                "Ce modèle Sequential ne connaît pas encore la taille de ses images : ajoutez-lui "
                "une couche keras.Input(shape=(H, W, 3)) en tête, ou appelez "
                "model.build((None, H, W, 3))."
            )
        raise ModelError(
            "Ce modèle est écrit comme une classe Python (« subclassing ») : son graphe de couches "
            "n'est pas visible ; réécrivez-le avec l'API fonctionnelle ou Sequential de Keras."
        )
    inputs, outputs = list(model.inputs), list(model.outputs)
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            "Ce modèle doit avoir une seule entrée, l'image, et une seule sortie, les scores de "
            f"ses classes : nombre de ses entrées, {len(inputs)} ; de ses sorties, {len(outputs)}."
        )
    shape = tuple(inputs[0].shape)
    if len(shape) != 4 or shape[-1] not in (1, 3):
        raise ModelError(
            f"L'entrée de ce modèle a la forme {shape} : il faut des images (None, H, W, 3), ou "
            "(None, H, W, 1) en niveaux de gris, les canaux en dernier."
        )
    out = tuple(outputs[0].shape)
    units = out[-1] if len(out) > 1 else None
    if not units or any(size not in (1, None) for size in out[1:-1]):
        raise ModelError(
            f"La sortie de ce modèle a la forme {out} : il faut un classificateur, dont la sortie "
            "est de la forme (None, nombre de classes)."
        )
    return inputs[0], outputs[0], shape


def _inline(model, known, prefix, steps):
    """Ajoute à `steps` les étapes de `model` ; `known` donne la clé de ses tenseurs d'entrée."""
    keys = dict(known)
    for node in _ordered_nodes(model, known):
        operation = node.operation
        arguments = _arguments(node, keys)
        if _is_transparent(operation):
            inner_inputs = [id(tensor) for tensor in operation.inputs]
            outer = [keys[id(tensor)] for tensor in node.input_tensors]
            inner = _inline(
                operation,
                dict(zip(inner_inputs, outer)),
                f"{prefix}{operation.name}/",
                steps,
            )
            for mine, theirs in zip(node.outputs, operation.outputs):
                keys[id(mine)] = inner[id(theirs)]
            continue
        outputs = tuple((len(steps), i) for i in range(len(node.outputs)))
        keys.update({id(tensor): key for tensor, key in zip(node.outputs, outputs)})
        steps.append(
            Step(
                name=prefix + operation.name,
                operation=operation,
                call=_inference_call(operation),
                fill=arguments,
                inputs=tuple(keys[id(tensor)] for tensor in node.input_tensors),
                input_shapes=tuple(tuple(t.shape[1:]) for t in node.input_tensors),
                outputs=outputs,
                moving=any(word in type(operation).__name__ for word in _MOVING),
            )
        )
    return keys


def _ordered_nodes(model, known):
    """Les nœuds du graphe, chacun après ceux dont il dépend, jusqu'aux entrées `known`."""
    ordered, done = [], set()
    stack = [(_producer(tensor), False) for tensor in model.outputs if id(tensor) not in known]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            ordered.append(node)
            continue
        stack.append((node, True))
        for tensor in reversed(node.input_tensors):
            if id(tensor) not in known:
                stack.append((_producer(tensor), False))
    return ordered


def _producer(tensor):
    operation, node_index, _ = tensor._keras_history
    return operation._inbound_nodes[node_index]


def _arguments(node, keys):
    """Renvoie la fonction qui met les valeurs calculées à la place des tenseurs symboliques."""
    slots = {id(tensor): keys[id(tensor)] for tensor in node.input_tensors}

    def fill(values):
        args, kwargs = node.arguments.fill_in({t: values[key] for t, key in slots.items()})
        return args, dict(kwargs)

    return fill


def _is_transparent(operation):
    """Un réseau dont on peut lire l'intérieur ?"""
    import keras

    if not isinstance(operation, keras.Model):
        return False
    # Une sous-classe qui redéfinit `call` ne calcule pas forcément ce que dit son graphe.
    if not type(operation).call.__module__.startswith("keras."):
        return False
    try:
        return bool(operation.inputs) and bool(operation.outputs)
    except (AttributeError, ValueError):
        return False


def _inference_call(operation):
    """L'appel de l'opération en mode prédiction : ni abandon, ni augmentation aléatoire."""
    try:
        takes_training = "training" in inspect.signature(operation.call).parameters
    except (TypeError, ValueError):
        takes_training = False

    def call(*args, **kwargs):
        if takes_training:
            kwargs["training"] = False
        return operation(*args, **kwargs)

    return call


def _unique_names(steps):
    """Donne à chaque étape le nom de sa couche, précédé de son réseau s'il y a un doute."""
    import keras

    full, previous = [], "entree"
    for step in steps:
        if isinstance(step.operation, keras.layers.Layer):
            previous = step.name
            full.append(step.name)
        else:
            # Keras numérote les opérations « x + y » au fil de la session : ce nom-ci est stable.
            full.append(f"{previous}:{type(step.operation).__name__.lower()}")
    short = [name.rpartition("/")[2] for name in full]
    names = [s if short.count(s) == 1 else name for s, name in zip(short, full)]
    for index, (step, name) in enumerate(zip(steps, names)):
        # Une couche appelée plusieurs fois : le nom seul désigne le dernier appel.
        later = names[index + 1 :].count(name)
        rank = names[: index + 1].count(name)
        yield replace(step, name=f"{name}:{rank}" if later else name)
